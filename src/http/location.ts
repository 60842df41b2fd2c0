import type { Exchange } from "./exchange.js";
import { isEncrypted } from "./tls/shown-certificate.js";

/** Where clients get tokens. Below `/v2/`, since many reverse proxies pass on nothing else. */
export const tokenPath = "/v2/_berth/token";

/** Whether a path is that of the tokens; the routes ignore a slash at the end. */
export function isTokenPath(path: string): boolean {
  return path === tokenPath || path === `${tokenPath}/`;
}

/** `relative`, `absolute`, or the address that clients use, without a trailing slash. */
export type LocationStyle = string;

/** The host of a URL with its port; anything else must not reach a response header. */
const hostPattern = /^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i;

/** What a proxy says that it has removed from the path, as Traefik does. */
const prefixPattern = /^(?:\/[\w~-][\w.~-]*)+$/;

/** What clients write before the path that the routes see: `server.prefix`, or what a proxy in front has removed. */
export function prefixOf(exchange: Exchange): string {
  if (exchange.prefix !== "") return exchange.prefix;
  const removed = firstOf(exchange.header("x-forwarded-prefix"))?.replace(/\/$/, "") ?? "";
  return prefixPattern.test(removed) ? removed : "";
}

/**
 * The `Location` for a path. Relative ones work behind every proxy, whatever host, scheme and port the client sees. A
 * few clients do not resolve them (Charliecloud, ollama) and need absolute ones.
 */
export function locationOf(exchange: Exchange, style: LocationStyle, path: string): string {
  if (style === "relative") return prefixOf(exchange) + path;
  // A configured address says itself what a proxy in front has removed.
  return style === "absolute" ? originOf(exchange) + prefixOf(exchange) + path : style + exchange.prefix + path;
}

/**
 * Scheme and host as the client sees them; empty if unknown. As in the distribution registry, anyone's forwarding
 * headers count: a client that makes them up misleads only itself, since caches do not store responses with a Location.
 */
export function originOf(exchange: Exchange): string {
  const isSecure = isEncrypted(exchange.request.socket);
  const { proto = isSecure ? "https" : "http", host = exchange.header("host") } = forwarded(exchange);
  return /^https?$/.test(proto) && host !== undefined && hostPattern.test(host) ? `${proto}://${host}` : "";
}

interface Forwarded {
  readonly proto?: string | undefined;
  readonly host?: string | undefined;
}

/** What the first proxy saw: `Forwarded` (RFC 7239) if present, or else the older headers. */
function forwarded(exchange: Exchange): Forwarded {
  const standard = exchange.header("forwarded");
  if (standard === undefined) {
    return {
      proto: firstOf(exchange.header("x-forwarded-proto"))?.toLowerCase(),
      host: firstOf(exchange.header("x-forwarded-host")),
    };
  }
  const pairs = (firstOf(standard) ?? "").split(";").map((pair) => pair.trim().split("="));
  const said = (name: string) =>
    pairs.find(([key]) => key?.toLowerCase() === name)?.[1]?.replaceAll('"', "") || undefined;
  return { proto: said("proto")?.toLowerCase(), host: said("host") };
}

function firstOf(list: string | undefined): string | undefined {
  return list?.split(",")[0]?.trim() || undefined;
}
