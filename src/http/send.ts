import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Served } from "../registry/repository.js";
import type { Exchange } from "./exchange.js";
import { afterCounted, countBytes } from "./limits/throttle.js";

const nothing = Buffer.alloc(0);

/** Sends a response with content in memory; for HEAD, only its headers. */
export function sendBytes(exchange: Exchange, status: number, headers: OutgoingHttpHeaders, content: Buffer): void {
  headers["Content-Length"] = content.length;
  exchange.response.writeHead(status, headers);
  if (exchange.request.method === "HEAD") endSoon(exchange);
  else endSoon(exchange, content);
}

/** The same within the client's bandwidth: it waits for the bytes before it, and those that follow wait for it. */
export function sendThrottled(
  exchange: Exchange,
  status: number,
  headers: OutgoingHttpHeaders,
  content: Buffer,
): Promise<void> | undefined {
  if (exchange.accounts.length === 0) {
    sendBytes(exchange, status, headers, content);
    return undefined;
  }
  const send = () => {
    countBytes(exchange, content.length);
    sendBytes(exchange, status, headers, content);
  };
  const pause = afterCounted(exchange);
  if (pause !== undefined) return pause.then(send);
  send();
  return undefined;
}

export function sendJson(exchange: Exchange, status: number, body: unknown, headers: OutgoingHttpHeaders = {}): void {
  sendBytes(exchange, status, { "Content-Type": "application/json", ...headers }, Buffer.from(JSON.stringify(body)));
}

/** Sends a response without content. A 204 must not have a Content-Length (RFC 9110, section 8.6). */
export function sendEmpty(exchange: Exchange, status: number, headers: OutgoingHttpHeaders = {}): void {
  if (status !== 204 && status !== 304) headers["Content-Length"] = 0;
  exchange.response.writeHead(status, headers);
  endSoon(exchange);
}

/**
 * Ends a response once all requests that arrived with this one have been handled. Each write may wake a sleeping
 * client, or a proxy on this machine, which costs more than the response itself: this way, one wake-up serves them all.
 */
export function endSoon(exchange: Exchange, content: Buffer = nothing): void {
  exchange.sent = content.length;
  setImmediate(end, exchange.response, content);
}

function end(response: ServerResponse, content: Buffer): void {
  response.end(content);
}

/** Tells a client of a cache where the response comes from. */
export function addCacheHeaders(headers: OutgoingHttpHeaders, served: Served): void {
  headers["X-Cache"] = served.from;
  if (served.age !== undefined) headers.Age = Math.floor(served.age);
  if (served.warning !== undefined) addWarning(headers, served.warning);
}

/** Clients print warnings of code 299 to their users (distribution-spec, "Warnings"). */
export function addWarning(headers: OutgoingHttpHeaders, warning: string): void {
  headers.Warning = `299 - "${quotable(warning)}"`;
}

/** Whether the client has this content already (RFC 9110, section 13.1.2); some send the digest without quotes. */
export function isKnownToClient(exchange: Exchange, etag: string): boolean {
  const condition = exchange.request.headers["if-none-match"];
  if (condition === undefined) return false;
  return condition.split(",").some((tag) => ["*", etag, `W/${etag}`, etag.slice(1, -1)].includes(tag.trim()));
}

function quotable(text: string): string {
  return text.replace(/[^\x20-\x7e]|["\\]/g, "'");
}
