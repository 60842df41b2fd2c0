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

/** The sessions of the page. They are signed and not stored, so they survive a restart. */
export class SessionTokens {
  readonly #cookies: CookieTokens;

  constructor(cookies: CookieTokens) {
    this.#cookies = cookies;
  }

  issue({ user, groups, credential, limits, endsMs }: SessionClaims): Promise<string> {
    return this.#cookies.sign("session", { sub: user, groups, credential, limits }, endsMs);
  }

  /** What a session says; `undefined` if it is not ours, was changed, or has ended. */
  async verify(token: string): Promise<SessionClaims | undefined> {
    const payload = await this.#cookies.verify("session", token);
    if (payload === undefined) return undefined;
    const { sub = "", exp = 0, groups, credential, limits } = payload;
    // We signed it, so its parts have the types that issue() gave them.
    return {
      user: sub,
      groups: groups as readonly string[],
      credential: credential as Credential,
      limits: limits as readonly string[],
      endsMs: exp * 1000,
    };
  }
}
