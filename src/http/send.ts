import type { OutgoingHttpHeaders } from "node:http";
import type { Exchange } from "./exchange.js";

/** Sends an answer whose content is in memory; of a HEAD only what would be sent. */
export function sendBytes(exchange: Exchange, status: number, headers: OutgoingHttpHeaders, content: Buffer): void {
  const { request, response } = exchange;
  headers["Content-Length"] = content.length;
  response.writeHead(status, headers);
  if (request.method === "HEAD") {
    response.end();
  } else {
    exchange.sent = content.length;
    response.end(content);
  }
}

export function sendJson(exchange: Exchange, status: number, body: unknown, headers: OutgoingHttpHeaders = {}): void {
  sendBytes(exchange, status, { "Content-Type": "application/json", ...headers }, Buffer.from(JSON.stringify(body)));
}

/** Sends an answer without content. A 204 must not say how long its content is (RFC 9110, section 8.6). */
export function sendEmpty(exchange: Exchange, status: number, headers: OutgoingHttpHeaders = {}): void {
  if (status !== 204 && status !== 304) headers["Content-Length"] = 0;
  exchange.response.writeHead(status, headers);
  exchange.response.end();
}
