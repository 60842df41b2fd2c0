import { randomUUID } from "node:crypto";
import { decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import type { Credential } from "../../registry/access.js";
import type { TokenKey } from "./token-keys.js";

/** What a session of the web page says: who signed in, and by what. */
export interface SessionClaims {
  readonly id: string;
  readonly user: string;
  readonly groups: readonly string[];
  /** Each request checks whether it is still valid, so a session ends with its user, its password or its token. */
  readonly credential: Credential;
  /** Limits of the credential, such as `push:team/*`; empty for everything that the rules allow. */
  readonly limits: readonly string[];
  /** Milliseconds since 1970. */
  readonly endsMs: number;
}

/** Nothing else that is signed by the same key is a session, and a session is nothing else. */
const type = "berth-session+jwt";

/** Longer than any that was signed here. */
const longestToken = 8 * 1024;

/** Signs and verifies the sessions of the page, by the keys of tokens: all workers and replicas accept them. */
export class SessionTokens {
  readonly #audience: string;
  readonly #keys: readonly TokenKey[];

  /** @param keys the first one signs; sessions signed by the others stay valid, for key rotation */
  constructor(service: string, keys: readonly TokenKey[]) {
    this.#audience = `${service} /ui/`;
    this.#keys = keys;
  }

  async issue({ user, groups, credential, limits, endsMs }: Omit<SessionClaims, "id">): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("there is no key to sign sessions with");
    return new SignJWT({ groups: [...groups], credential, limits: [...limits] })
      .setProtectedHeader({ alg: key.algorithm, typ: type, kid: key.id })
      .setSubject(user)
      .setAudience(this.#audience)
      .setIssuedAt()
      .setExpirationTime(Math.floor(endsMs / 1000))
      .setJti(randomUUID())
      .sign(key.privateKey);
  }

  /** What a session says; `undefined` if it is not ours, was changed, or has ended. */
  async verify(token: string): Promise<SessionClaims | undefined> {
    const key = this.#keyOf(token);
    if (key === undefined) return undefined;
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [key.algorithm],
        audience: this.#audience,
        typ: type,
        requiredClaims: ["exp", "sub", "jti", "credential"],
      });
      const { sub = "", jti = "", exp = 0, groups, credential, limits } = payload;
      // We signed it, so its parts have the types that issue() gave them.
      return {
        id: jti,
        user: sub,
        groups: groups as readonly string[],
        credential: credential as Credential,
        limits: limits as readonly string[],
        endsMs: exp * 1000,
      };
    } catch {
      return undefined;
    }
  }

  #keyOf(token: string): TokenKey | undefined {
    if (token.length > longestToken) return undefined;
    try {
      const { kid } = decodeProtectedHeader(token);
      return this.#keys.find(({ id }) => id === kid);
    } catch {
      return undefined;
    }
  }
}
