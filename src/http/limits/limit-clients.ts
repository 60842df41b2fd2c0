import { setTimeout } from "node:timers/promises";
import { RegistryError } from "../../oci/errors.js";
import { respondWithError } from "../error-response.js";
import type { Exchange } from "../exchange.js";
import { announcesBody } from "../request-body.js";
import type { Routes } from "../router.js";
import type { Account } from "./account.js";
import type { LimitedClients } from "./limited-clients.js";

interface Limiting {
  readonly clients: LimitedClients;
  /** Identifies a client; `undefined` if these limits do not apply to it. */
  clientOf(exchange: Exchange): string | undefined;
  /** How long a pull waits before it is refused, in milliseconds. */
  maxDelay: number;
}

/** Docker aborts a push at a 429, so pushes are only delayed; reverse proxies give up after a minute. */
const longestPushDelayMs = 45_000;

/** What a refused client is told to wait for a transfer to end: the real time is unknown. */
const transferRetryMs = 5_000;

/** Requests that may be refused: those that only pulls send. Requests for tokens and HEADs are part of pushes too. */
const pulledPath = /^\/v2\/(?:_catalog|.+\/(?:manifests|blobs(?!\/uploads\/)|tags|referrers)\/[^/]+)$/;

/** Lets requests through to the routes only within the client's limits: the others wait. */
export function limited(routes: Routes, { clients, clientOf, maxDelay }: Limiting): Routes {
  return (exchange) => {
    const client = clientOf(exchange);
    const admitted = client === undefined ? undefined : new Entrance(exchange, clients.of(client), maxDelay).enter();
    if (admitted === undefined) routes(exchange);
    else
      void admitted.then(() => exchange.isCut || routes(exchange)).catch((error) => respondWithError(exchange, error));
  };
}

/** Admission of one request under the limits of one account. */
class Entrance {
  readonly #exchange: Exchange;
  readonly #account: Account;
  readonly #canBeRefused: boolean;
  readonly #longestMs: number;

  constructor(exchange: Exchange, account: Account, maxDelay: number) {
    this.#exchange = exchange;
    this.#account = account;
    this.#canBeRefused = exchange.request.method === "GET" && pulledPath.test(exchange.path);
    this.#longestMs = this.#canBeRefused ? maxDelay : longestPushDelayMs;
  }

  /** @returns `undefined` if nothing has to wait */
  enter(): Promise<void> | undefined {
    const now = performance.now();
    const delayMs = this.#account.requestDelayMs(now);
    if (delayMs > this.#longestMs && this.#canBeRefused) return Promise.reject(tooMany("requests", delayMs));
    // A push that has waited for the maximum is let through without being counted: otherwise the next would wait
    // longer.
    if (delayMs <= this.#longestMs) this.#account.countRequest(now);
    this.#exchange.accounts = [...this.#exchange.accounts, this.#account];
    if (delayMs > 0) return this.#enterLater(Math.min(delayMs, this.#longestMs));
    return this.#isTransfer ? this.#enterTransfer() : undefined;
  }

  async #enterLater(delayMs: number): Promise<void> {
    await setTimeout(delayMs, undefined, { ref: false });
    if (!this.#exchange.isCut && this.#isTransfer) await this.#enterTransfer();
  }

  #enterTransfer(): Promise<void> | undefined {
    if (!this.#account.hasTransferLeft) return this.#waitForTransfer();
    this.#beginTransfer();
    return undefined;
  }

  #waitForTransfer(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        leaveLine();
        finish();
      };
      const begin = () => {
        this.#beginTransfer();
        resolve();
      };
      const giveUp = () => (this.#canBeRefused ? reject(tooMany("transfers", transferRetryMs)) : begin());
      const leaveLine = this.#account.whenTransferLeft(() => settle(begin));
      const timer = globalThis.setTimeout(() => settle(giveUp), this.#longestMs).unref();
      this.#exchange.whenOver(() => settle(resolve));
    });
  }

  #beginTransfer(): void {
    this.#account.beginTransfer();
    this.#exchange.whenOver(() => this.#account.endTransfer());
  }

  get #isTransfer(): boolean {
    const { request, path } = this.#exchange;
    if (request.method === "GET") return path.includes("/blobs/") && this.#canBeRefused;
    return path.includes("/blobs/uploads") && announcesBody(request);
  }
}

function tooMany(what: "requests" | "transfers", retryMs: number): RegistryError {
  const seconds = Math.max(1, Math.ceil(retryMs / 1_000));
  const message =
    what === "requests"
      ? `too many requests from this client (access.limits); try again in ${seconds} s`
      : `too many transfers by this client at once (access.limits); try again in ${seconds} s`;
  return new RegistryError("TOOMANYREQUESTS", message, { headers: { "Retry-After": String(seconds) } });
}
