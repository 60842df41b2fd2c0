import { type Digest, isDigest } from "../oci/digest.js";
import { isRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import type { StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

/** Content that was admitted, and may not be linked yet. */
export interface AdmittedContent {
  readonly name: RepositoryName;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** When it was admitted, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** What a quota knows to be used. */
export interface QuotaState {
  /** Bytes of what was counted, and of what was linked since. */
  readonly used: number;
  /** When everything was last counted, in milliseconds since 1970. */
  readonly countedMs: number;
  /** When a count began that has not ended; until then `admitted` only grows. */
  readonly countingSinceMs: number | undefined;
  readonly admitted: readonly AdmittedContent[];
}

/** Bytes that are used, as far as it is known without counting: never less than there are by pushes. */
export function totalOf({ used, admitted }: QuotaState): number {
  return admitted.reduce((sum, { size }) => sum + size, used);
}

const longestLedger = 64 * 1024 * 1024;

/**
 * What the repositories of each quota use: an object a quota, changed under a lock, so that all processes agree. It
 * never says less than pushes have added. What is removed shows when it is counted again.
 */
export class QuotaLedger {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** `undefined` if it was never counted, or the record is damaged. */
  async read(id: string): Promise<QuotaState | undefined> {
    return parseState(await this.#driver.read(layout.quota(id), longestLedger));
  }

  /**
   * Changes the record of a quota while no other process does.
   * @param next the new state; `undefined` if it stays as it is
   */
  change<Result>(
    id: string,
    action: (
      state: QuotaState | undefined,
    ) => Promise<{ readonly next: QuotaState | undefined; readonly result: Result }>,
  ): Promise<Result> {
    return this.#driver.withLock(`quota ${id}`, async () => {
      const { next, result } = await action(await this.read(id));
      if (next !== undefined)
        await this.#driver.write({ key: layout.quota(id), content: Buffer.from(JSON.stringify(next)) });
      return result;
    });
  }
}

function parseState(content: Buffer | undefined): QuotaState | undefined {
  try {
    const { used, countedMs, countingSinceMs, admitted } = JSON.parse(content?.toString() ?? "null") ?? {};
    const isWhole = Number.isFinite(used) && Number.isFinite(countedMs) && Array.isArray(admitted);
    return isWhole && admitted.every(isAdmitted) ? { used, countedMs, countingSinceMs, admitted } : undefined;
  } catch {
    return undefined;
  }
}

function isAdmitted({ name, digest, size, sinceMs }: AdmittedContent): boolean {
  return isRepositoryName(name) && isDigest(digest) && Number.isFinite(size) && Number.isFinite(sinceMs);
}
