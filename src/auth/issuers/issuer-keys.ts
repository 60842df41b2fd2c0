import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { readSmallText } from "../../foundation/small-file.js";
import type { Logger } from "../../observability/logger.js";
import { discoverIssuer } from "./discovery.js";
import { fetchJson } from "./fetch-json.js";

/** No algorithm with a shared secret: an issuer's keys are public, and one could then serve as the secret. */
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

/** Where to find the keys of an issuer. */
export interface KeySource {
  readonly name: string;
  readonly issuer: string;
  /** URL of the key set, instead of discovery. */
  readonly jwksUrl?: string | undefined;
  readonly jwksFile?: string | undefined;
  readonly caFile?: string | undefined;
  /**
   * Sent only to the origins of `issuer` and `jwksUrl`, which the configuration names: a Kubernetes API server shows
   * its keys only to its service accounts.
   */
  readonly bearerTokenFile?: string | undefined;
}

/** After this time the keys are fetched again, so that a withdrawn key is not trusted forever. */
const freshMs = 10 * 60_000;

/** The shortest time between fetches for unknown keys: anyone can make up a token. */
const lookAgainMs = 60_000;

/** If keys cannot be fetched again, they are trusted for this time, and no longer. */
const trustedMs = 12 * 60 * 60_000;

/** The keys of one issuer, fetched when first needed. */
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
      // The issuer may have a new key.
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

  /** @returns whether it fetched the keys */
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
  if (jwksFile !== undefined) return JSON.parse(await readSmallText(jwksFile)) as unknown;
  const ca = caFile === undefined ? undefined : await readSmallText(caFile);
  // Read each time: Kubernetes replaces the file every hour.
  const token = bearerTokenFile === undefined ? undefined : (await readSmallText(bearerTokenFile)).trim();
  const origins = [issuer, ...(jwksUrl === undefined ? [] : [jwksUrl])].map((url) => new URL(url).origin);
  const get = (url: URL) => fetchJson(url, { ca, bearerToken: origins.includes(url.origin) ? token : undefined });
  return get(jwksUrl === undefined ? (await discoverIssuer(issuer, get)).urlOf("jwks_uri") : new URL(jwksUrl));
}
