import type { Logger } from "../observability/logger.js";
import { AccessRefusal } from "../registry/access-refusal.js";
import type { Caller, Context } from "../registry/context.js";
import type { AccessControl } from "./access-control.js";
import { type AuditEvent, type AuditTrail, actorOf, failedIssuerLogin, signedIn } from "./audit/audit-trail.js";
import type { Authentication, Credentials } from "./authenticator.js";
import type { BrowserLogin, PendingLogin } from "./issuers/browser-login.js";
import type { CookieTokens } from "./tokens/cookie-tokens.js";
import type { SessionTokens } from "./tokens/session-tokens.js";

/** A session that has begun. */
export interface Session {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly endsMs: number;
}

/** A login at an issuer that has begun. */
export interface BegunLogin {
  /** Where the browser is to go. */
  readonly location: URL;
  /** What it must keep until it comes back. */
  readonly token: string;
}

/** A login at an issuer that brought the browser back. */
export interface ReturnedLogin {
  readonly answer: URLSearchParams;
  /** What the browser has kept. */
  readonly token: string;
  readonly redirectUri: string;
  readonly credentials: Omit<Credentials, "authorization">;
}

interface PageSessionParts {
  readonly control: AccessControl;
  readonly sessions: SessionTokens;
  readonly cookies: CookieTokens;
  /** Issuers at which people can sign in. */
  readonly logins: readonly BrowserLogin[];
  /** Records who signs in and out. */
  readonly audit: AuditTrail | undefined;
}

/** A working day: a user who signs in in the morning is not asked again. */
const longestSessionMs = 12 * 60 * 60_000;

/** Long enough to find a password or a telephone first. */
export const longestLoginSeconds = 600;

/** Signs people in to the page: by the accounts of `docker login`, or at an issuer. */
export class PageSessions {
  readonly #parts: PageSessionParts;
  readonly #log: Logger;

  constructor(parts: PageSessionParts, log: Logger) {
    this.#parts = parts;
    this.#log = log;
  }

  /** Names of the issuers at which people can sign in. */
  get issuers(): readonly string[] {
    return this.#parts.logins.map(({ name }) => name);
  }

  /**
   * By a name and a password. The session ends with the password, or the token that was sent as one.
   * @throws AccessRefusal UNAUTHORIZED if they identify no user
   */
  async signIn(credentials: Credentials): Promise<Session> {
    const authentication = await this.#parts.control.identify(credentials);
    return this.#open(authentication, credentials.caller, authentication.endsMs);
  }

  /** Ends a session for good: a copy of its cookie is of no use any more. */
  async signOut(token: string, context: Context): Promise<void> {
    await this.#parts.sessions.end(token);
    if (context.access?.identity.user !== undefined) await this.#record({ event: "signed out", ...actorOf(context) });
  }

  /** @returns `undefined` if nobody can sign in at an issuer of this name, or it cannot be reached */
  async begin(issuer: string, redirectUri: string, returnTo: string): Promise<BegunLogin | undefined> {
    try {
      const begun = await this.#loginOf(issuer)?.begin(redirectUri);
      if (begun === undefined) return undefined;
      const endsMs = Date.now() + longestLoginSeconds * 1000;
      const token = await this.#parts.cookies.sign("login", { ...begun.pending, issuer, returnTo }, endsMs);
      return { location: begun.location, token };
    } catch (cause) {
      this.#log.warn("a login at an issuer cannot begin", { issuer, cause });
      return undefined;
    }
  }

  /**
   * The session of a login at an issuer, and where to go on; `undefined` if it failed, for a reason that is logged. The
   * identity token is short-lived and not kept: the session ends by itself, or with the issuer in the configuration.
   */
  async finish(
    issuer: string,
    { answer, token, redirectUri, credentials }: ReturnedLogin,
  ): Promise<{ readonly session: Session; readonly returnTo: string } | undefined> {
    try {
      const kept = await this.#parts.cookies.verify("login", token);
      if (kept === undefined) throw new Error("the browser has no login that began here within ten minutes");
      // We signed it, so its parts have the types that begin() gave them.
      const pending = kept as unknown as PendingLogin & { readonly issuer: string; readonly returnTo: string };
      const login = pending.issuer === issuer ? this.#loginOf(issuer) : undefined;
      if (login === undefined) throw new Error("the login began at another issuer");
      const identityToken = await login.finish(answer, pending, redirectUri);
      const authorization = `Bearer ${identityToken}`;
      const authentication = await this.#parts.control.identify({ ...credentials, authorization });
      return { session: await this.#open(authentication, credentials.caller), returnTo: pending.returnTo };
    } catch (cause) {
      // A refused token has its line already.
      if (!(cause instanceof AccessRefusal)) await this.#record(failedIssuerLogin(issuer, credentials.caller));
      this.#log.warn("a login at an issuer failed", { issuer, cause });
      return undefined;
    }
  }

  async #open(
    { identity }: Authentication,
    caller: Caller,
    credentialEndsMs = Number.POSITIVE_INFINITY,
  ): Promise<Session> {
    const { user, groups, credential, ceiling } = identity;
    if (user === undefined) throw new AccessRefusal("UNAUTHORIZED", "a user name and a password are needed");
    const endsMs = Math.min(credentialEndsMs, Date.now() + longestSessionMs);
    const limits = ceiling?.limits ?? [];
    const token = await this.#parts.sessions.issue({ user, groups, credential, limits, endsMs });
    await this.#record(signedIn(identity, caller));
    return { token, endsMs };
  }

  /** If the trail cannot be written, it has logged the line: a user who only reads is not locked out. */
  async #record(event: AuditEvent): Promise<void> {
    await this.#parts.audit?.write([event]).catch(() => {});
  }

  #loginOf(issuer: string): BrowserLogin | undefined {
    return this.#parts.logins.find(({ name }) => name === issuer);
  }
}
