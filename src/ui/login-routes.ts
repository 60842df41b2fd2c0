import { notStored } from "../api/answers.js";
import { longestLoginSeconds, type PageSessions } from "../auth/page-sessions.js";
import type { Exchange } from "../http/exchange.js";
import type { Handler } from "../http/handlers/handler.js";
import { originOf, prefixOf } from "../http/location.js";
import type { Resource } from "../http/router.js";
import { sendBytes, sendEmpty } from "../http/send.js";
import { cookieHeader, cookieOf } from "../http/session-cookie.js";
import { security } from "./page-routes.js";
import { sessionCookie } from "./session-routes.js";

/** Where people sign in to the page at an issuer: OpenID Connect's authorization code flow. */
export function loginRoutes(sessions: PageSessions, publicUrl: string | undefined): Resource[] {
  const addressOf = (exchange: Exchange) => publicUrl?.replace(/\/+$/, "") ?? originOf(exchange) + prefixOf(exchange);
  const redirectUriOf = (exchange: Exchange) =>
    `${addressOf(exchange)}/ui/login/${encodeURIComponent(issuerOf(exchange))}/callback`;
  const begin: Handler = async function beginLogin(exchange) {
    const returnTo = pathWithin(exchange.query.get("to") ?? "");
    const begun = await sessions.begin(issuerOf(exchange), redirectUriOf(exchange), returnTo);
    if (begun === undefined) return sendAway(exchange);
    // Lax: the issuer leads the browser back here, from another site.
    const cookie = { value: begun.token, sameSite: "Lax", maxAge: longestLoginSeconds } as const;
    const headers = { Location: begun.location.href, "Set-Cookie": cookieHeader(exchange, "login", cookie) };
    sendEmpty(exchange, 303, { ...notStored, ...headers });
  };
  const finish: Handler = async function finishLogin(exchange) {
    const finished = await sessions.finish(issuerOf(exchange), {
      answer: exchange.query,
      token: cookieOf(exchange, "login") ?? "",
      redirectUri: redirectUriOf(exchange),
      credentials: { caller: exchange.caller, certificate: exchange.certificate },
    });
    if (finished === undefined) return sendAway(exchange);
    const cookies = [sessionCookie(exchange, finished.session), endedLogin(exchange)];
    const headers = { ...notStored, ...security, "Content-Type": "text/html; charset=utf-8", "Set-Cookie": cookies };
    sendBytes(exchange, 200, headers, goOnTo(prefixOf(exchange) + finished.returnTo));
  };
  return [
    { name: "ui", path: "/ui/login/:issuer", methods: { GET: begin } },
    { name: "ui", path: "/ui/login/:issuer/callback", methods: { GET: finish } },
  ];
}

/** The reason is in the log: what an issuer, or another site, put into the address is not shown. */
function sendAway(exchange: Exchange): void {
  const location = `${prefixOf(exchange)}/ui/sign-in?failed=${encodeURIComponent(issuerOf(exchange))}`;
  sendEmpty(exchange, 303, { ...notStored, Location: location, "Set-Cookie": endedLogin(exchange) });
}

function endedLogin(exchange: Exchange): string {
  return cookieHeader(exchange, "login", { value: "", sameSite: "Lax", maxAge: 0 });
}

function issuerOf({ parameters: { issuer } }: Exchange): string {
  return typeof issuer === "string" ? issuer.slice(0, 200) : "";
}

/** Only a path of the page: an address elsewhere would make the login a way to lead people away. */
function pathWithin(text: string): string {
  return text.length < 2_000 && /^\/ui(\/(?!\/)|\?|$)/.test(text) ? text : "/ui/";
}

/**
 * A page that continues by itself. A redirect would not do: it would belong to the issuer's request, with which browsers
 * send no `Strict` cookie.
 */
function goOnTo(path: string): Buffer {
  const target = path.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return Buffer.from(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Signed in</title>` +
      `<meta http-equiv="refresh" content="0;url=${target}"><p>Signed in. <a href="${target}">Go on</a></p>\n`,
  );
}
