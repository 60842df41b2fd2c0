import type { Exchange } from "./exchange.js";
import { sendEmpty } from "./send.js";

const methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const requestHeaders = "Accept, Authorization, Content-Type, Content-Range, If-None-Match, Range";
const exposedHeaders =
  "Docker-Content-Digest, Link, Location, OCI-Filters-Applied, OCI-Subject, Range, WWW-Authenticate";

/**
 * Lets pages of the configured origins ask. Says whether the exchange is answered with that: a preflight is, before
 * anything else is asked of it, since browsers send it without credentials.
 */
export function answerCors(exchange: Exchange, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  const { request, response } = exchange;
  const { origin } = request.headers;
  // An answer without an origin must not be kept for a page that has one.
  response.setHeader("Vary", "Origin");
  if (origin === undefined || (!origins.includes("*") && !origins.includes(origin))) return false;
  // No credentials of the browser are ever allowed along, so echoing the origin gives nothing away.
  response.setHeader("Access-Control-Allow-Origin", origins.includes("*") ? "*" : origin);
  response.setHeader("Access-Control-Expose-Headers", exposedHeaders);
  if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return false;
  sendEmpty(exchange, 204, {
    "Access-Control-Allow-Methods": methods,
    "Access-Control-Allow-Headers": requestHeaders,
    "Access-Control-Max-Age": 600,
  });
  return true;
}
