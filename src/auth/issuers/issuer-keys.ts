// biome-ignore lint/style/noRestrictedImports: the few files of settings that an issuer needs, read again as they change
import { readFile } from "node:fs/promises";
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import type { Logger } from "../../observability/logger.js";
import { fetchJson } from "./fetch-json.js";

/** None with a secret that both sides know: the keys of an issuer are public, and one would do as that secret. */
export const publicKeyAlgorithms = [
  "EdDSA",
  "Ed25519",
  "ES256",
  "ES384",
  "ES512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
];

/** Where the keys of an issuer are found. */
export interface KeySource {
  readonly name: string;
  readonly issuer: string;
  /** The key set, where discovery is not wanted. */
  readonly jwksUrl?: string | undefined;
  readonly jwksFile?: string | undefined;
  readonly caFile?: string | undefined;
  /**
   * Sent to the origins of `issuer` and `jwksUrl` only, which the configuration names: a Kubernetes API server shows its
   * keys to its service accounts alone.
   */
  readonly bearerTokenFile?: string | undefined;
}

/** After this the keys are looked for again, so that one that was withdrawn is not trusted for ever. */
const freshMs = 10 * 60_000;

/** A token with an unknown key makes Berth look again, but no more often than this: tokens are free to make up. */
const lookAgainMs = 60_000;

/** Keys that cannot be looked for again are trusted for so long, then nobody is. */
const trustedMs = 12 * 60 * 60_000;

/** The keys of one issuer, fetched when they are first needed. */
export class IssuerKeys {
  readonly #source: KeySource;
  readonly #log: Logger;
  #keys: { readonly find: JWTVerifyGetKey; readonly fetchedMs: number } | undefined;
  #triedMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(source: KeySource, log: Logger) {
    this.#source = source;
    this.#log = log;
  }

  /** Finds the key of a token, for `jwtVerify`. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const now = performance.now();
    if (this.#keys === undefined || now - this.#keys.fetchedMs > freshMs) await this.#look(now);
    try {
      return await this.#current().find(header, token);
    } catch (error) {
      // A new key may have come into use.
      if (!(await this.#look(now))) throw error;
      return this.#current().find(header, token);
    }
  };

  #current(): { readonly find: JWTVerifyGetKey } {
    const keys = this.#keys;
    if (keys === undefined || performance.now() - keys.fetchedMs > trustedMs) {
      throw new Error(`the keys of ${this.#source.issuer} are not known`);
    }
    return keys;
  }

  /** @returns whether it looked */
  async #look(now: number): Promise<boolean> {
    if (this.#running === undefined) {
      if (now - this.#triedMs < lookAgainMs) return false;
      this.#triedMs = now;
      this.#running = this.#fetch().finally(() => {
        this.#running = undefined;
      });
    }
    await this.#running;
    return true;
  }

  async #fetch(): Promise<void> {
    try {
      const set = await fetchKeySet(this.#source);
      // `createLocalJWKSet` checks its shape.
      this.#keys = { find: createLocalJWKSet(set as JSONWebKeySet), fetchedMs: performance.now() };
    } catch (cause) {
      const message = "the keys of an issuer could not be fetched; those known stay trusted for twelve hours";
      this.#log.warn(message, { issuer: this.#source.name, cause });
    }
  }
}

async function fetchKeySet({ issuer, jwksUrl, jwksFile, caFile, bearerTokenFile }: KeySource): Promise<unknown> {
  if (jwksFile !== undefined) return JSON.parse(await readFile(jwksFile, "utf8")) as unknown;
  const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
  // Read anew each time: Kubernetes replaces it every hour.
  const token = bearerTokenFile === undefined ? undefined : (await readFile(bearerTokenFile, "utf8")).trim();
  const origins = [issuer, ...(jwksUrl === undefined ? [] : [jwksUrl])].map((url) => new URL(url).origin);
  const get = (url: URL) => fetchJson(url, { ca, bearerToken: origins.includes(url.origin) ? token : undefined });
  return get(jwksUrl === undefined ? await discover(issuer, get) : new URL(jwksUrl));
}

/** OpenID Connect Discovery 1.0, section 4: a document of another issuer is none of this one (4.3). */
async function discover(issuer: string, get: (url: URL) => Promise<unknown>): Promise<URL> {
  const document = await get(new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`));
  const said: Readonly<Record<string, unknown>> =
    typeof document === "object" && document !== null ? { ...document } : {};
  const { issuer: named, jwks_uri: uri } = said;
  if (named !== issuer) {
    throw new Error(`the discovery document of ${issuer} is that of the issuer ${JSON.stringify(named)}`);
  }
  if (typeof uri !== "string" || !/^https?:/.test(uri) || !URL.canParse(uri)) {
    throw new Error(`the discovery document of ${issuer} names no jwks_uri`);
  }
  if (issuer.startsWith("https:") && !uri.startsWith("https:"))
    throw new Error(`${issuer} names keys without HTTPS: ${uri}`);
  return new URL(uri);
}
