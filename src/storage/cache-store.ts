import { LRUCache } from "lru-cache";
import type { Digest } from "../oci/digest.js";
import type { Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { LockError, type StagedObject, type StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

const rememberedTags = 100_000;
const rememberedOwners = 100_000;

/** What is known of content that came from an upstream. Losing it is safe: content counts as old then, and as private. */
export class CacheStore {
  readonly #driver: StorageDriver;
  readonly #checked = new LRUCache<string, number>({ max: rememberedTags });
  readonly #owners = new LRUCache<RepositoryName, string>({ max: rememberedOwners });

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Name of the upstream that a repository's content came from; `undefined` if it was pushed, or there is none. */
  async ownerOf(name: RepositoryName): Promise<string | undefined> {
    const known = this.#owners.get(name);
    if (known !== undefined) return known;
    const owner = (await this.#driver.read(layout.cachedFrom(name)))?.toString();
    if (owner !== undefined) this.#owners.set(name, owner);
    return owner;
  }

  /** To be called before the first content of a repository is stored. */
  async recordOwner(name: RepositoryName, upstream: string): Promise<void> {
    if ((await this.ownerOf(name)) === upstream) return;
    await this.#driver.write({ key: layout.cachedFrom(name), content: Buffer.from(upstream) });
    this.#owners.set(name, upstream);
  }

  /** When the upstream last confirmed the tag, in milliseconds since 1970; may be older than what another process knows. */
  async checkedAt(name: RepositoryName, tag: Tag): Promise<number | undefined> {
    const known = this.#checked.get(layout.tagChecked(name, tag));
    return known ?? this.readCheckedAt(name, tag);
  }

  /** The same, asked of the storage: another process may have asked the upstream meanwhile. */
  async readCheckedAt(name: RepositoryName, tag: Tag): Promise<number | undefined> {
    const text = (await this.#driver.read(layout.tagChecked(name, tag)))?.toString();
    const time = text === undefined ? Number.NaN : Date.parse(text);
    if (Number.isNaN(time)) return undefined;
    this.#checked.set(layout.tagChecked(name, tag), time);
    return time;
  }

  async recordCheck(name: RepositoryName, tag: Tag, timeMs: number): Promise<void> {
    const key = layout.tagChecked(name, tag);
    this.#checked.set(key, timeMs);
    await this.#driver.write({ key, content: Buffer.from(new Date(timeMs).toISOString()) });
  }

  /** The place of a blob that is on its way. */
  download(digest: Digest): StagedObject {
    return this.#driver.stage(layout.download(digest));
  }

  /** One process at a time downloads a blob; the others wait, however long it takes, and read along meanwhile. */
  async lockDownload<Result>(digest: Digest, action: (lost: AbortSignal) => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await this.#driver.withLock(`download ${digest}`, action);
      } catch (error) {
        if (!(error instanceof LockError) || error.reason !== "held") throw error;
      }
    }
  }
}
