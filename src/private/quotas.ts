import { createHash } from "node:crypto";
import { showBytes } from "../foundation/byte-amount.js";
import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { isOutOfRoom, StorageError } from "../oci/storage-error.js";
import { NamePatterns } from "../registry/name-patterns.js";
import { totalOf } from "../storage/quota-ledger.js";
import type { Storage } from "../storage/storage.js";
import { isHeld, type NewContent, QuotaAccount } from "./quota-account.js";
import type { StoringRules } from "./storing-rules.js";

/** How much the repositories of some patterns may hold together. */
export interface QuotaRule {
  readonly repositories: readonly string[];
  /** Bytes. */
  readonly limit: number;
}

/** How much of a quota is used. */
export interface QuotaUse extends QuotaRule {
  readonly used: number;
}

/** The same without counting. */
export interface RecordedUse extends QuotaRule {
  /** `undefined` if nothing has counted it yet, or the record cannot be read. */
  readonly used: number | undefined;
  readonly isUnreadable: boolean;
}

interface Quota {
  readonly rule: QuotaRule;
  readonly account: QuotaAccount;
}

/**
 * Quotas of private repositories. What counts is the bytes of blobs and manifests that the repositories of a quota link
 * to, each digest once, also if repositories of another quota have it too.
 */
export class Quotas {
  readonly #storage: Storage;
  readonly #quotas: readonly Quota[];

  constructor(storage: Storage, rules: readonly QuotaRule[]) {
    this.#storage = storage;
    this.#quotas = rules.map((rule) => ({
      rule,
      account: new QuotaAccount(storage, idOf(rule), new NamePatterns(rule.repositories)),
    }));
  }

  /**
   * Makes content part of a repository, if it is not too much for a quota.
   * @param store what does so; the size of the content is certain by now
   * @throws RegistryError DENIED
   */
  async admit<Result>(content: NewContent, store: () => Promise<Result>): Promise<Result> {
    const admitted: QuotaAccount[] = [];
    try {
      for (const { rule, account } of await this.#newTo(content)) {
        const admission = await account.admit(content, rule.limit);
        if (!admission.isAdmitted) throw refusal(rule, admission.used, content);
        admitted.push(account);
      }
      return await store();
    } finally {
      for (const account of admitted) account.settle(content);
    }
  }

  /**
   * Called before the bytes of a blob arrive: spares the client an upload that will be refused.
   * @throws RegistryError DENIED
   */
  async expect(content: NewContent): Promise<void> {
    for (const { rule, account } of await this.#newTo(content)) {
      if ((await this.#usedOf(account)) + content.size <= rule.limit) continue;
      // Only a fresh count refuses.
      const admission = await account.admit(content, rule.limit);
      if (!admission.isAdmitted) throw refusal(rule, admission.used, content);
      account.settle(content);
    }
  }

  /** @param before called right before a blob is stored */
  storingIn(name: RepositoryName, before: () => Promise<unknown>): StoringRules {
    return {
      expect: (blob) => this.expect({ name, ...blob }),
      admit: (blob, store) => this.admit({ name, ...blob }, () => before().then(store)),
    };
  }

  /** Something of a repository was removed. */
  async noteRemoval(name: RepositoryName): Promise<void> {
    for (const { account } of this.#quotas) if (await account.holds(name)) account.noteRemoval();
  }

  /** All quotas and their use, counted now. */
  async use(): Promise<readonly QuotaUse[]> {
    const uses: QuotaUse[] = [];
    for (const { rule, account } of this.#quotas) uses.push({ ...rule, used: await usedNow(account) });
    return uses;
  }

  /** All quotas and their use as it was last recorded, without counting: never less than pushes have added. */
  recordedUse(): Promise<readonly RecordedUse[]> {
    return Promise.all(this.#quotas.map(recordedUse));
  }

  /** The same for the quotas that a repository belongs to. */
  async recordedUseOf(name: RepositoryName): Promise<readonly RecordedUse[]> {
    const uses: RecordedUse[] = [];
    for (const quota of this.#quotas) if (await quota.account.holds(name)) uses.push(await recordedUse(quota));
    return uses;
  }

  async #usedOf(account: QuotaAccount): Promise<number> {
    const state = await account.read();
    return state === undefined ? 0 : totalOf(state);
  }

  /** The quotas of a repository in which the content is not counted yet. */
  async #newTo(content: NewContent) {
    const quotas = [];
    for (const quota of this.#quotas) {
      if (!(await quota.account.holds(content.name)) || (await this.#isCounted(quota.account, content))) continue;
      quotas.push(quota);
    }
    return quotas;
  }

  /** Whether a repository of the quota is known to hold it; if others do, the next count finds that. */
  async #isCounted(account: QuotaAccount, { name, digest }: NewContent): Promise<boolean> {
    for (const holder of new Set([name, ...this.#storage.holders.known(digest)]))
      if ((await account.holds(holder)) && (await isHeld(this.#storage, { name: holder, digest }))) return true;
    return false;
  }
}

/** One that cannot be read must not hide the others. */
async function recordedUse({ rule, account }: Quota): Promise<RecordedUse> {
  try {
    const state = await account.read();
    return { ...rule, used: state && totalOf(state), isUnreadable: false };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return { ...rule, used: undefined, isUnreadable: true };
  }
}

/** The same for all processes; another list of patterns is another quota. */
function idOf({ repositories }: QuotaRule): string {
  return createHash("sha256")
    .update([...repositories].sort().join("\n"))
    .digest("hex")
    .slice(0, 32);
}

function refusal({ repositories, limit }: QuotaRule, used: number, { name, digest, size }: NewContent): RegistryError {
  const patterns = repositories.join(", ");
  return new RegistryError(
    "DENIED",
    `the quota of ${patterns} is spent: ${showBytes(used)} of ${showBytes(limit)} are used, and ${showBytes(size)} more are needed; delete images, and collect garbage`,
    { detail: { name, digest, quota: repositories, used, allowed: limit, needed: size } },
  );
}

/** Also of a storage that is read-only, or full. What was admitted and is not linked yet is no use of space. */
async function usedNow(account: QuotaAccount): Promise<number> {
  try {
    await account.count();
    return (await account.read())?.used ?? 0;
  } catch (error) {
    if (!isOutOfRoom(error)) throw error;
    return account.countUnrecorded();
  }
}
