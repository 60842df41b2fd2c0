import { createPublicKey, type KeyObject, type X509Certificate } from "node:crypto";
import { decodeProtectedHeader, type JWTVerifyGetKey, jwtVerify, type ProtectedHeaderParameters } from "jose";
import { publicKeyAlgorithms } from "../issuers/issuer-keys.js";
import type { IdentifiedClient } from "../issuers/issuers.js";
import { ceilingOf, type ResourceActions } from "../scope.js";
import { certificatesOfHeader, isTrusted } from "./certificate-chain.js";
import { libtrustIdOf } from "./libtrust-id.js";
import { refuseRepeatedClaims } from "./repeated-claims.js";
import { thumbprintOf } from "./token-keys.js";

/** An external token service, as in registry:2's `auth.token`. */
export interface ExternalTokenSettings {
  /** Where clients get tokens. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  readonly roots: readonly X509Certificate[];
  /** Finds the key of a token in a key set, if one is configured. */
  readonly keySet: JWTVerifyGetKey | undefined;
}

const longestToken = 16 * 1024;
/** As in distribution (registry/auth/token, `Leeway`). */
const clockTolerance = 60;

/** Verifies tokens of an external token service; their grants limit what their holders may do. */
export class ExternalTokens {
  readonly settings: ExternalTokenSettings;
  readonly #keysById: ReadonlyMap<string, KeyObject>;

  private constructor(settings: ExternalTokenSettings, keysById: ReadonlyMap<string, KeyObject>) {
    this.settings = settings;
    this.#keysById = keysById;
  }

  /**
   * Identifies the keys of certificates by libtrust's id, as registry 2.8 does, and by their thumbprint, as registry 3
   * does.
   */
  static async create(settings: ExternalTokenSettings): Promise<ExternalTokens> {
    const named = settings.roots.map(async ({ publicKey }) => [
      [libtrustIdOf(publicKey), publicKey] as const,
      [await thumbprintOf(publicKey), publicKey] as const,
    ]);
    return new ExternalTokens(settings, new Map((await Promise.all(named)).flat()));
  }

  /** The holder of a valid token; `undefined` for any other. */
  async identify(token: string): Promise<IdentifiedClient | undefined> {
    if (token.length > longestToken) return undefined;
    const { issuer, service } = this.settings;
    try {
      const options = {
        issuer,
        audience: service,
        algorithms: publicKeyAlgorithms,
        clockTolerance,
        requiredClaims: ["exp"],
      };
      const { payload } = await this.#verifySignature(token, options);
      const user = payload.sub === undefined || payload.sub === "" ? "holder of an anonymous token" : payload.sub;
      const ceiling = ceilingOf(accessOf(payload.access));
      const identity = { user, groups: [], credential: { kind: "issuer", id: issuer }, ceiling } as const;
      const endsMs = ((payload.exp ?? 0) + clockTolerance) * 1000;
      return { identity, expiresMs: endsMs, tokenEndsMs: endsMs };
    } catch {
      return undefined;
    }
  }

  // Asynchronous, so that every failure is a rejection.
  async #verifySignature(token: string, options: Parameters<typeof jwtVerify>[2]) {
    const { keySet } = this.settings;
    refuseRepeatedClaims(token);
    const key = this.#keyOf(decodeProtectedHeader(token));
    if (key !== undefined) return jwtVerify(token, key, options);
    if (keySet === undefined) throw new Error("no trusted key signed it");
    return jwtVerify(token, keySet, options);
  }

  /** A key inside the token is trusted only by its certificates, never by itself (CVE-2025-24976). */
  #keyOf({ kid, x5c, jwk }: ProtectedHeaderParameters & { readonly x5c?: readonly string[] }): KeyObject | undefined {
    const chain = x5c ?? (Array.isArray(jwk?.x5c) ? jwk.x5c : undefined);
    if (chain !== undefined) {
      const certificates = certificatesOfHeader(chain);
      if (!isTrusted(certificates, this.settings.roots)) throw new Error("its certificates lead to no trusted one");
      return certificates[0] && createPublicKey(certificates[0].toString());
    }
    if (kid !== undefined) return this.#keysById.get(kid);
    // libtrust puts the key itself in place of its id. It only selects the trusted key.
    return jwk && this.#keysById.get(libtrustIdOf(createPublicKey({ key: { ...jwk }, format: "jwk" })));
  }
}

/** The `access` claim; invalid entries grant nothing. */
function accessOf(claim: unknown): readonly ResourceActions[] {
  const entries: readonly unknown[] = Array.isArray(claim) ? claim : [];
  return entries.flatMap((entry) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { type, name, actions } = entry as Readonly<Record<string, unknown>>;
    if (typeof type !== "string" || typeof name !== "string" || !Array.isArray(actions)) return [];
    return [{ type, name, actions: actions.filter((action) => typeof action === "string") }];
  });
}
