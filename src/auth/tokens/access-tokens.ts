import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { BoundedMap } from "../../foundation/bounded-map.js";
import type { AccessTokenRecord } from "../../oci/access-token-record.js";

/** Stores access tokens, for all processes and replicas. */
export interface AccessTokenStore {
  read(id: string): Promise<AccessTokenRecord | undefined>;
  write(record: AccessTokenRecord): Promise<void>;
  remove(id: string): Promise<boolean>;
  list(): Promise<readonly AccessTokenRecord[]>;
  /** Milliseconds since 1970. */
  readLastUse(id: string): Promise<number | undefined>;
  writeLastUse(id: string, usedMs: number): Promise<void>;
}

/** How long a token that another process revoked may still be accepted. */
const rememberedMs = 4_000;
const rememberedTokens = 10_000;

/** The last use is for people, who do not need seconds. */
const lastUseEachMs = 10 * 60_000;

/** The prefix of every access token, so that scanners for leaked secrets find it. */
const prefix = "berth_";
const tokenPattern = /^berth_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

/** Whether a password can only be an access token. */
export function looksLikeAccessToken(password: string): boolean {
  return password.startsWith(prefix);
}

/** Whether a text is a valid id of an access token, and so can be part of a key. */
export function isAccessTokenId(text: string): boolean {
  return /^[0-9a-f]{12}$/.test(text);
}

/** Tokens that users create for machines: used as passwords, limited, and revoked one by one. */
export class AccessTokens {
  readonly #store: AccessTokenStore;
  readonly #known = new BoundedMap<string, { readonly record: AccessTokenRecord | undefined }>(
    rememberedTokens,
    rememberedMs,
  );
  readonly #usedMs = new BoundedMap<string, number>(rememberedTokens);

  constructor(store: AccessTokenStore) {
    this.#store = store;
  }

  /** @returns the token, which is shown once and not stored */
  async create(wanted: Omit<AccessTokenRecord, "id" | "hash" | "createdMs">, now = Date.now()): Promise<string> {
    const id = randomBytes(6).toString("hex");
    const secret = randomBytes(32).toString("base64url");
    await this.#store.write({ ...wanted, id, hash: hashOf(secret), createdMs: now });
    return `${prefix}${id}_${secret}`;
  }

  /** The record of a valid token that is not expired. */
  async check(token: string): Promise<AccessTokenRecord | undefined> {
    const [, id = "", secret = ""] = tokenPattern.exec(token) ?? [];
    const record = id === "" ? undefined : await this.find(id);
    if (record === undefined || !isSame(hashOf(secret), record.hash)) return undefined;
    void this.#noteUse(id);
    return record;
  }

  /** The record of a token that is not revoked or expired; it may be a few seconds old. */
  async find(id: string): Promise<AccessTokenRecord | undefined> {
    const known = this.#known.get(id) ?? (await this.#read(id));
    return isGood(known.record) ? known.record : undefined;
  }

  /** Whether a token was found good some seconds ago, and has not expired since; to be found again where it was not. */
  isKnownGood(id: string): boolean {
    return isGood(this.#known.get(id)?.record);
  }

  async #read(id: string): Promise<{ readonly record: AccessTokenRecord | undefined }> {
    const read = { record: await this.#store.read(id) };
    this.#known.set(id, read);
    return read;
  }

  /** If the use cannot be recorded, the client is served anyway. */
  async #noteUse(id: string, now = Date.now()): Promise<void> {
    if (now - (this.#usedMs.get(id) ?? 0) < lastUseEachMs) return;
    this.#usedMs.set(id, now);
    await this.#store.writeLastUse(id, now).catch(() => undefined);
  }
}

function isGood(record: AccessTokenRecord | undefined): boolean {
  return record !== undefined && (record.expiresMs ?? Infinity) > Date.now();
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
