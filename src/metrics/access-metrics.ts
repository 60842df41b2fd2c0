import { Counter, type Registry } from "prom-client";
import type { Exchange } from "../http/exchange.js";

/** Issued tokens, and requests that access control refused. */
export class AccessMetrics {
  readonly #tokens: Counter;
  readonly #refusals: Counter<"reason">;

  constructor(registers: Registry[]) {
    this.#tokens = new Counter({ name: "berth_tokens_issued_total", help: "Tokens issued to clients.", registers });
    this.#refusals = new Counter({
      name: "berth_access_refusals_total",
      help: "Refused requests: challenge (credentials or a token are required), credentials (they are wrong), denied.",
      labelNames: ["reason"],
      registers,
    });
    for (const reason of ["challenge", "credentials", "denied"]) this.#refusals.inc({ reason }, 0);
  }

  noteAnswer(exchange: Exchange, status: number): void {
    if (exchange.resource === "token" && status === 200) this.#tokens.inc();
    else if (status === 403) this.#refusals.inc({ reason: "denied" });
    else if (status === 401)
      this.#refusals.inc({ reason: hasWrongCredentials(exchange) ? "credentials" : "challenge" });
  }
}

/** A client with valid but insufficient credentials is only challenged again. */
function hasWrongCredentials({ admission, request }: Exchange): boolean {
  if (request.headers.authorization === undefined) return false;
  return admission === undefined || admission.hasInvalidToken;
}
