import { randomUUID } from "node:crypto";
import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Credential } from "../../registry/access.js";
import type { CookieTokens } from "./cookie-tokens.js";

/** What a session of the web page says: who signed in, and by what. */
export interface SessionClaims {
  readonly user: string;
  readonly groups: readonly string[];
  /** Each request checks whether it is still valid, so a session ends with its user, its password or its token. */
  readonly credential: Credential;
  /** Limits of the credential, such as `push:team/*`; empty for everything that the rules allow. */
  readonly limits: readonly string[];
  /** Milliseconds since 1970. */
  readonly endsMs: number;
}

/** A valid session. */
export interface VerifiedSession extends SessionClaims {
  readonly id: string;
}

/** Sessions that were ended by signing out, for all processes and replicas. */
export interface EndedSessions {
  has(id: string): Promise<boolean>;
  /** @param endsMs when it would have ended by itself, in milliseconds since 1970 */
  add(id: string, endsMs: number): Promise<void>;
}

const rememberedSessions = 10_000;

/**
 * The sessions of the page. They are signed and not stored, so they survive a restart and cost nothing; only those that
 * somebody ended are stored.
 */
export class SessionTokens {
  readonly #cookies: CookieTokens;
  readonly #ended: EndedSessions;
  /** Those that this process has ended. */
  readonly #endedHere = new BoundedMap<string, true>(rememberedSessions);

  constructor(cookies: CookieTokens, ended: EndedSessions) {
    this.#cookies = cookies;
    this.#ended = ended;
  }

  issue({ user, groups, credential, limits, endsMs }: SessionClaims): Promise<string> {
    return this.#cookies.sign("session", { jti: randomUUID(), sub: user, groups, credential, limits }, endsMs);
  }

  /** What a session says; `undefined` if it is not ours, was changed, or has ended. */
  async verify(token: string): Promise<VerifiedSession | undefined> {
    const session = await this.#read(token);
    if (session === undefined || this.wasEndedHere(session.id)) return undefined;
    return (await this.#ended.has(session.id)) ? undefined : session;
  }

  /** Ends a session for good, also for copies of its cookie. */
  async end(token: string): Promise<void> {
    const session = await this.#read(token);
    if (session === undefined) return;
    this.#endedHere.set(session.id, true);
    await this.#ended.add(session.id, session.endsMs);
  }

  wasEndedHere(id: string): boolean {
    return this.#endedHere.has(id);
  }

  async #read(token: string): Promise<VerifiedSession | undefined> {
    const payload = await this.#cookies.verify("session", token);
    if (payload === undefined) return undefined;
    const { jti = "", sub = "", exp = 0, groups, credential, limits } = payload;
    // We signed it, so its parts have the types that issue() gave them.
    return {
      id: jti,
      user: sub,
      groups: groups as readonly string[],
      credential: credential as Credential,
      limits: limits as readonly string[],
      endsMs: exp * 1000,
    };
  }
}
