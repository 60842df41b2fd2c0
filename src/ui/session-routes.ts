import { notStored } from "../api/answers.js";
import { refuseForeignPages } from "../api/foreign-pages.js";
import type { PageSessions, Session } from "../auth/page-sessions.js";
import type { Reservation } from "../foundation/semaphore.js";
import type { Exchange } from "../http/exchange.js";
import type { Handler } from "../http/handlers/handler.js";
import { readBody } from "../http/read-body.js";
import type { Resource } from "../http/router.js";
import { sendEmpty, sendJson } from "../http/send.js";
import { cookieHeader, sessionOf } from "../http/session-cookie.js";
import { RegistryError } from "../oci/errors.js";

/** A name, and a password that may be a token of some kilobytes. */
const largestForm = 32 * 1024;

/** A form is never larger than a small body, which needs no room. */
const noRoom: Reservation = { take: async () => {} };

/** Where people sign in and out of the page, by the accounts of `docker login`. */
export function sessionRoutes(sessions: PageSessions, publicUrl: string | undefined): Resource[] {
  const guarded =
    (handler: Handler): Handler =>
    (exchange) => {
      refuseForeignPages(exchange, publicUrl);
      return handler(exchange);
    };
  const methods = {
    GET: (exchange: Exchange) => sendJson(exchange, 200, { issuers: sessions.issuers }, notStored),
    POST: guarded(signIn(sessions)),
    DELETE: guarded(signOut(sessions)),
  };
  return [{ name: "ui", path: "/ui/session", methods }];
}

function signIn(sessions: PageSessions): Handler {
  return async function signIn(exchange) {
    const { user, password } = await readForm(exchange);
    const session = await sessions.signIn({
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
      caller: exchange.caller,
      certificate: exchange.certificate,
    });
    sendEmpty(exchange, 204, { ...notStored, "Set-Cookie": sessionCookie(exchange, session) });
  };
}

/** The cookie of a session, which ends when the session does. */
export function sessionCookie(exchange: Exchange, { token, endsMs }: Session): string {
  const maxAge = Math.max(1, Math.round((endsMs - Date.now()) / 1000));
  return cookieHeader(exchange, "session", { value: token, sameSite: "Strict", maxAge });
}

function signOut(sessions: PageSessions): Handler {
  return async function signOut(exchange) {
    await sessions.signOut(sessionOf(exchange) ?? "", exchange);
    const cookie = cookieHeader(exchange, "session", { value: "", sameSite: "Strict", maxAge: 0 });
    sendEmpty(exchange, 204, { ...notStored, "Set-Cookie": cookie });
  };
}

/** @throws RegistryError 400 for anything but `{user, password}`, 401 for a name that can belong to nobody */
async function readForm(exchange: Exchange): Promise<{ readonly user: string; readonly password: string }> {
  const { user, password } = fieldsOf(await readBody(exchange, largestForm, noRoom));
  if (typeof user !== "string" || typeof password !== "string") throw wrongForm();
  // In Basic credentials, the first colon ends the name: this one would be read as another user's.
  if (user.includes(":")) throw new RegistryError("UNAUTHORIZED", "a user name must not contain a colon");
  return { user, password };
}

function fieldsOf(body: Buffer): { readonly user?: unknown; readonly password?: unknown } {
  try {
    const form: unknown = JSON.parse(body.toString("utf8"));
    return typeof form === "object" && form !== null ? form : {};
  } catch {
    throw wrongForm();
  }
}

function wrongForm(): RegistryError {
  const message = 'the body must be JSON with a user name and a password: {"user": "ann", "password": "..."}';
  return new RegistryError("UNSUPPORTED", message, { status: 400 });
}
