import { randomUUID } from "node:crypto";
import { decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Ceiling, Credential } from "../../registry/access.js";
import { ceilingOf, type ResourceActions } from "../scope.js";
import { refuseRepeatedClaims } from "./repeated-claims.js";
import type { TokenKey } from "./token-keys.js";

/** The content of one of our tokens: the client, how it identified itself, and the token's limits. */
export interface TokenClaims {
  /** `undefined` for an anonymous client. */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  /** The credential behind the token; each request checks whether it is still valid. */
  readonly credential: Credential;
  /** Scopes of that credential, such as `push:team/*`; empty for everything that the rules allow. */
  readonly limits: readonly string[];
  readonly granted: readonly ResourceActions[];
}

/** A token that was found to be ours. */
export interface VerifiedToken {
  readonly token: RegistryToken;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
}

/** What a token says, and the ceiling that it sets. */
export interface RegistryToken extends TokenClaims {
  readonly ceiling: Ceiling;
}

/** In seconds. If it expires during a push, the client requests a new one after a 401. */
export const tokenLifetime = 300;

/** The clocks of replicas differ. */
const clockTolerance = 60;

/** Our tokens are never longer, so a longer one is not worth a signature check. */
const longestToken = 16 * 1024;

/** Tokens that Berth's own token service signs, and verifies with each request. */
export class RegistryTokens {
  readonly #service: string;
  readonly #keys: readonly TokenKey[];

  /** @param keys the first one signs; tokens signed by the others stay valid until they expire, for key rotation */
  constructor(service: string, keys: readonly TokenKey[]) {
    this.#service = service;
    this.#keys = keys;
  }

  async issue({ user, groups, credential, limits, granted }: TokenClaims, now = Date.now()): Promise<string> {
    const [key] = this.#keys;
    if (key === undefined) throw new Error("there is no key to sign tokens with");
    const seconds = Math.floor(now / 1000);
    return new SignJWT({ groups: [...groups], credential, limits: [...limits], access: granted })
      .setProtectedHeader({ alg: key.algorithm, typ: "JWT", kid: key.id })
      .setIssuer(this.#service)
      .setSubject(user ?? "")
      .setAudience(this.#service)
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + tokenLifetime)
      .setJti(randomUUID())
      .sign(key.privateKey);
  }

  /** The content of a token; `undefined` if it is not ours, was changed, or has expired. */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    if (token.length > longestToken) return undefined;
    const key = this.#keyOf(token);
    if (key === undefined) return undefined;
    try {
      refuseRepeatedClaims(token);
      const { payload } = await jwtVerify(token, key.publicKey, {
        algorithms: [key.algorithm],
        issuer: this.#service,
        audience: this.#service,
        clockTolerance,
        requiredClaims: ["exp", "nbf", "sub", "credential"],
      });
      const claims = claimsOf(payload);
      const ceiling = ceilingOf(claims.granted, claims.limits);
      return { token: { ...claims, ceiling }, expiresMs: ((payload.exp ?? 0) + clockTolerance) * 1000 };
    } catch {
      return undefined;
    }
  }

  /** By the id in the header only: a key inside the token proves nothing (CVE-2025-24976). */
  #keyOf(token: string): TokenKey | undefined {
    try {
      const { kid } = decodeProtectedHeader(token);
      return this.#keys.find(({ id }) => id === kid);
    } catch {
      return undefined;
    }
  }
}

/** We signed it, so its parts have the types that {@link RegistryTokens.issue} gave them. */
function claimsOf({ sub, groups, credential, limits, access }: JWTPayload): TokenClaims {
  return {
    user: sub === "" ? undefined : sub,
    groups: groups as readonly string[],
    credential: credential as Credential,
    // Tokens signed by an earlier version of Berth have none, and expire within minutes.
    limits: (limits ?? []) as readonly string[],
    granted: access as readonly ResourceActions[],
  };
}
