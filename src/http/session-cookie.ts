import type { Exchange } from "./exchange.js";
import { isTokenPath, originOf } from "./location.js";

/** Only the page and its API take the cookie: what docker and podman use never depends on it. */
const paths = /^\/(?:v2\/_berth|ui)\//;

/**
 * The session that the browser sent along, if the path takes one. A token must be asked for with the password itself: a
 * cookie is sent by the browser without anyone's will.
 */
export function sessionOf(exchange: Exchange): string | undefined {
  const { cookie } = exchange.request.headers;
  if (cookie === undefined || !paths.test(exchange.path) || isTokenPath(exchange.path)) return undefined;
  return cookieOf(exchange, "session");
}

/** The value of a cookie of ours; `undefined` if it is sent twice, which no browser does by itself. */
export function cookieOf(exchange: Exchange, purpose: CookiePurpose): string | undefined {
  const begin = `${cookieName(exchange, purpose)}=`;
  const pairs = (exchange.request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  const [found, other] = pairs.filter((pair) => pair.startsWith(begin));
  return other === undefined ? found?.slice(begin.length) : undefined;
}

type CookiePurpose = "session" | "login";

interface CookieSettings {
  readonly value: string;
  /** `Lax` for a cookie that must come back when another site leads the browser here. */
  readonly sameSite: "Strict" | "Lax";
  /** In seconds; 0 deletes it. */
  readonly maxAge: number;
}

/** A `Set-Cookie` that no script can read, and that browsers never send for another site. */
export function cookieHeader(exchange: Exchange, purpose: CookiePurpose, settings: CookieSettings): string {
  const { value, sameSite, maxAge } = settings;
  const name = cookieName(exchange, purpose);
  const secure = isSecure(exchange) ? "; Secure" : "";
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=${sameSite}${secure}`;
}

/** Over HTTPS with the prefix that keeps neighbours from setting it: those below the same domain, and plain HTTP. */
function cookieName(exchange: Exchange, purpose: CookiePurpose): string {
  return `${isSecure(exchange) ? "__Host-" : ""}berth-${purpose}`;
}

function isSecure(exchange: Exchange): boolean {
  return originOf(exchange).startsWith("https:");
}
