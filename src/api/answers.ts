import type { Exchange } from "../http/exchange.js";
import type { Handler } from "../http/handlers/handler.js";
import { sendJson } from "../http/send.js";
import { AccessRefusal } from "../registry/access-refusal.js";

/** Answers depend on who asks, and on the moment. */
export const notStored = { "Cache-Control": "no-store" };

/** Answers a client that may do something here with what is produced, as JSON. */
export function showing(produce: (exchange: Exchange) => Promise<unknown> | unknown): Handler {
  return async function show(exchange) {
    requireWelcome(exchange);
    sendJson(exchange, 200, await produce(exchange), notStored);
  };
}

/** @throws AccessRefusal for an anonymous client, if such clients may do nothing */
export function requireWelcome({ access }: Exchange): void {
  if (access?.isWelcome === false) throw new AccessRefusal("UNAUTHORIZED", "authentication required");
}

/** A time for clients. */
export function showTime(ms: number | undefined): string | undefined {
  return ms === undefined || ms <= 0 ? undefined : new Date(ms).toISOString();
}
