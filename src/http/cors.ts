import type { Exchange } from "./exchange.js";
import { sendEmpty } from "./send.js";

const methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const usualHeaders = "Accept, Authorization, Cache-Control, Content-Type, Content-Range, If-None-Match, Range";
const headerNames = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;
const exposedHeaders =
  "Docker-Content-Digest, Link, Location, OCI-Filters-Applied, OCI-Subject, Range, WWW-Authenticate";

export interface CorsSettings {
  readonly origins: readonly string[];
  /** Whether a page may send the credentials that its browser has for this host: a proxy's login, or its cookie. */
  readonly credentials: boolean;
}

/**
 * Allows requests from pages of the configured origins. Returns whether the exchange is answered with that: a preflight
 * is, before anything else is checked, since browsers send it without credentials.
 */
export function answerCors(exchange: Exchange, { origins, credentials }: CorsSettings): boolean {
  const { request, response } = exchange;
  const { origin } = request.headers;
  // A response without an origin must not be cached for a page that has one.
  response.setHeader("Vary", "Origin");
  if (origin === undefined || (!origins.includes("*") && !origins.includes(origin))) return false;
  response.setHeader("Access-Control-Allow-Origin", origins.includes("*") ? "*" : origin);
  if (credentials) response.setHeader("Access-Control-Allow-Credentials", "true");
  response.setHeader("Access-Control-Expose-Headers", exposedHeaders);
  if (request.method !== "OPTIONS" || request.headers["access-control-request-method"] === undefined) return false;
  sendEmpty(exchange, 204, {
    "Access-Control-Allow-Methods": methods,
    "Access-Control-Allow-Headers": askedHeaders(exchange),
    "Access-Control-Max-Age": 600,
  });
  return true;
}

/** Headers do not extend what the origin may do, so every requested one is allowed. */
function askedHeaders(exchange: Exchange): string {
  const asked = exchange.header("access-control-request-headers");
  return asked === undefined || !headerNames.test(asked) ? usualHeaders : asked;
}
