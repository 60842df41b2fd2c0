import { decodeJwt, jwtVerify } from "jose";
import type { Logger } from "../../observability/logger.js";
import type { Identity } from "../../registry/access.js";
import { refuseRepeatedClaims } from "../tokens/repeated-claims.js";
import { ceilingOfScopes } from "../tokens/token-scope.js";
import { type ClaimRules, type Claims, claimAt, fillIn, satisfies, textsOf } from "./claim-rules.js";
import { IssuerKeys, type KeySource, publicKeyAlgorithms } from "./issuer-keys.js";
import { weaknessOf } from "./recyclable-names.js";

/** Maps tokens with certain claims to a user. */
export interface IdentityRule {
  readonly claims: ClaimRules;
  /** The name after the issuer's, such as `${repository}`; the user is then `github:owner/repository`. */
  readonly user: string;
  readonly groups: readonly string[];
  /** A claim that lists more groups. */
  readonly groupsClaim?: string | undefined;
  /** Limits of its tokens, such as `push:team/*`; empty for everything that the rules allow. */
  readonly scopes: readonly string[];
}

export interface IssuerSettings extends KeySource {
  readonly audience: readonly string[];
  readonly identities: readonly IdentityRule[];
}

const longestToken = 16 * 1024;
const clockTolerance = 60;
/** Milliseconds that a token is accepted without another check of its signature: then its key may no longer be the issuer's. */
const goodForMs = 30_000;

/** The client that a token identifies. */
export interface IdentifiedClient {
  readonly identity: Identity;
  /** Milliseconds since 1970: when the token must be checked again. */
  readonly expiresMs: number;
  /** Milliseconds since 1970: when the token itself ends. */
  readonly tokenEndsMs: number;
}

/** The issuers of accepted identity tokens: CI services, Kubernetes, a company's login. */
export class Issuers {
  readonly #byIssuer: ReadonlyMap<string, Issuer>;
  readonly #names: ReadonlySet<string>;

  constructor(issuers: readonly IssuerSettings[], log: Logger) {
    this.#names = new Set(issuers.map(({ name }) => name));
    this.#byIssuer = new Map(issuers.map((settings) => [settings.issuer, new Issuer(settings, log)]));
  }

  /** Whether an issuer of this name still exists. */
  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Whether a text is a token that claims to be from one of the issuers; not verified. */
  mayHaveIssued(text: string): boolean {
    return this.#issuerOf(text) !== undefined;
  }

  /** The client that a token identifies; `undefined` if the token is invalid or matches no identity. */
  async identify(token: string): Promise<IdentifiedClient | undefined> {
    const found = await this.#issuerOf(token)?.identify(token);
    return found && { ...found, expiresMs: Math.min(found.expiresMs, Date.now() + goodForMs) };
  }

  #issuerOf(text: string): Issuer | undefined {
    if (this.#byIssuer.size === 0 || text.length > longestToken || text.split(".").length !== 3) return undefined;
    try {
      return this.#byIssuer.get(decodeJwt(text).iss ?? "");
    } catch {
      return undefined;
    }
  }
}

class Issuer {
  readonly #settings: IssuerSettings;
  readonly #keys: IssuerKeys;
  readonly #log: Logger;

  constructor(settings: IssuerSettings, log: Logger) {
    this.#settings = settings;
    this.#warnOfNames(log);
    this.#keys = new IssuerKeys(settings, log);
    this.#log = log;
  }

  #warnOfNames(log: Logger): void {
    const { name, issuer, identities } = this.#settings;
    for (const [index, { claims, user }] of identities.entries()) {
      const problem = weaknessOf(claims, issuer);
      if (problem !== undefined) log.warn("an identity rule is weak", { issuer: name, rule: index, user, problem });
    }
  }

  async identify(token: string): Promise<IdentifiedClient | undefined> {
    const { name, issuer, audience, identities } = this.#settings;
    const claims = await this.#verify(token, { issuer, audience });
    if (claims === undefined) return undefined;
    const rule = identities.find((each) => satisfies(claims, each.claims));
    const user = rule && fillIn(rule.user, claims);
    if (rule === undefined || user === undefined || user === "" || /[\p{Cc}\s]/u.test(user)) {
      this.#log.info("a token is valid, but no identity of its issuer matches its claims", {
        issuer: name,
        subject: claims.sub,
      });
      return undefined;
    }
    const listed = rule.groupsClaim === undefined ? [] : textsOf(claimAt(claims, rule.groupsClaim));
    const groups = [...rule.groups, ...listed].filter((group) => !/[\p{Cc}]/u.test(group));
    const ceiling = ceilingOfScopes(rule.scopes);
    const identity = { user: `${name}:${user}`, groups, credential: { kind: "issuer", id: name } as const, ceiling };
    const tokenEndsMs = (Number(claims.exp) + clockTolerance) * 1000;
    return { identity, expiresMs: tokenEndsMs, tokenEndsMs };
  }

  async #verify(token: string, expected: { issuer: string; audience: readonly string[] }): Promise<Claims | undefined> {
    try {
      refuseRepeatedClaims(token);
      const { payload } = await jwtVerify(token, this.#keys.find, {
        issuer: expected.issuer,
        audience: [...expected.audience],
        algorithms: publicKeyAlgorithms,
        clockTolerance,
        requiredClaims: ["exp", "iss", "aud"],
      });
      return payload;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.info("a token of an issuer is refused", { issuer: this.#settings.name, reason });
      return undefined;
    }
  }
}
