import { decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { TokenKey } from "./token-keys.js";

/** What a cookie is for. It is part of what is signed: one cookie is never taken for another, or for a token. */
export type CookiePurpose = "session" | "login";

/** Longer than any that is signed here. */
const longestToken = 8 * 1024;

/** Signs and verifies what browsers keep for us, by the keys of tokens: all workers and replicas accept it. */
export class CookieTokens {
  readonly #service: string;
  readonly #keys: readonly TokenKey[];

  /** @param keys the first one signs; what was signed by the others stays valid, for key rotation */
  constructor(service: string, keys: readonly TokenKey[]) {
    this.#service = service;
    this.#keys = keys;
  }

  async sign(purpose: CookiePurpose, payload: JWTPayload, endsMs: number): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("there is no key to sign cookies with");
    return new SignJWT(payload)
      .setProtectedHeader({ alg: key.algorithm, typ: typeOf(purpose), kid: key.id })
      .setAudience(this.#audienceOf(purpose))
      .setIssuedAt()
      .setExpirationTime(Math.floor(endsMs / 1000))
      .sign(key.privateKey);
  }

  /** The content; `undefined` if it is not ours, was changed, is for something else, or has ended. */
  async verify(purpose: CookiePurpose, token: string): Promise<JWTPayload | undefined> {
    const key = this.#keyOf(token);
    if (key === undefined) return undefined;
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [key.algorithm],
        audience: this.#audienceOf(purpose),
        typ: typeOf(purpose),
        requiredClaims: ["exp"],
      });
      return payload;
    } catch {
      return undefined;
    }
  }

  #audienceOf(purpose: CookiePurpose): string {
    return `${this.#service} ${purpose}`;
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

function typeOf(purpose: CookiePurpose): string {
  return `berth-${purpose}+jwt`;
}
