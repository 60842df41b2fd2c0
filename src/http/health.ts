import type { Exchange } from "./exchange.js";
import { sendJson } from "./send.js";

/** Answers probes: `/healthz` while the process runs, `/readyz` while it accepts new requests. */
export function answerHealth(exchange: Exchange, isStopping: boolean): boolean {
  const { path } = exchange;
  if (path === "/healthz") sendJson(exchange, 200, { status: "ok" });
  else if (path === "/readyz") sendJson(exchange, isStopping ? 503 : 200, { status: isStopping ? "stopping" : "ok" });
  else return false;
  return true;
}
