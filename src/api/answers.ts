import type { Exchange } from "../http/exchange.js";
import type { Handler } from "../http/handlers/handler.js";
import { sendEmpty, sendJson } from "../http/send.js";
import { AccessRefusal } from "../registry/access-refusal.js";
import { refuseForeignPages } from "./foreign-pages.js";

/** Answers depend on the client, and on the moment. */
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

/** How a change is answered. */
interface ChangeOptions {
  /** The address that clients use, if it is configured. */
  readonly publicUrl: string | undefined;
  readonly status?: 200 | 201 | 202;
}

/** Answers a client that may do something here, and whose request no page of another site has sent. */
export function changing(
  change: (exchange: Exchange) => Promise<unknown>,
  { publicUrl, status = 200 }: ChangeOptions,
): Handler {
  return async function answerChange(exchange) {
    refuseForeignPages(exchange, publicUrl);
    requireWelcome(exchange);
    const result = await change(exchange);
    if (result === undefined) sendEmpty(exchange, 204, notStored);
    else sendJson(exchange, status, result, notStored);
  };
}
