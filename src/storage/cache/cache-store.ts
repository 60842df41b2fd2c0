import { LRUCache } from "lru-cache";
import type { Digest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import { BriefMemory } from "../brief-memory.js";
import { isOutOfRoom, LockError, type StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

// Each place is paid for from the start, used or not.
const rememberedTags = 20_000;
const rememberedOwners = 20_000;
/** What `berth cache rm` or another process changed is seen after so long. */
const ownersRememberedForMs = 10_000;
/** What is known of content that came from an upstream. Losing it is safe: content counts as old then, and as private. */
export class CacheStore {
  readonly #driver: StorageDriver;
  readonly #checked = new LRUCache<string, number>({ max: rememberedTags });
  readonly #owners = new BriefMemory<RepositoryName, string>(rememberedOwners, ownersRememberedForMs);

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** Name of the upstream that a repository's content came from; `undefined` if it was pushed, or there is none. */
  async ownerOf(name: RepositoryName): Promise<string | undefined> {
    return this.#owners.get(name) ?? this.readOwner(name);
  }

  /** The same, asked of the storage: for whoever is about to remove what is not private. */
  async readOwner(name: RepositoryName): Promise<string | undefined> {
    const owner = (await this.#driver.read(layout.cachedFrom(name)))?.toString();
    if (owner !== undefined) this.#owners.set(name, owner);
    return owner;
  }

  /** To be called before the first content of a repository is stored. */
  async recordOwner(name: RepositoryName, upstream: string): Promise<void> {
    await this.#driver.write({ key: layout.cachedFrom(name), content: Buffer.from(upstream) });
    this.#owners.set(name, upstream);
  }

  /** The content of a repository counts as private from now on. */
  async forgetOwner(name: RepositoryName): Promise<void> {
    const folders = [layout.tagsChecked(name), layout.manifestsTyped(name), layout.manifestsUsed(name)];
    for (const folder of folders) await this.#driver.remove(folder);
    await this.#driver.remove(layout.cachedFrom(name));
    this.#owners.delete(name);
  }

  /** All repositories whose content came from upstreams, with the name of the upstream. */
  async owners(): Promise<ReadonlyMap<RepositoryName, string>> {
    const owners = new Map<RepositoryName, string>();
    const pending = [""];
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const owner = isRepositoryName(path) ? await this.ownerOf(path) : undefined;
      if (isRepositoryName(path) && owner !== undefined) owners.set(path, owner);
      for (const child of await this.#driver.list(layout.cachedBelow(path))) {
        const below = path === "" ? child : `${path}/${child}`;
        if (isRepositoryName(below)) pending.push(below);
      }
    }
    return owners;
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

  /** To be called when the tag is gone. */
  async forgetCheck(name: RepositoryName, tag: Tag): Promise<void> {
    const key = layout.tagChecked(name, tag);
    this.#checked.delete(key);
    await this.#driver.remove(key);
  }

  /** What the upstream called a manifest that does not say itself what it is. */
  async typeOf(name: RepositoryName, digest: Digest): Promise<string | undefined> {
    return (await this.#driver.read(layout.manifestTyped(name, digest)))?.toString();
  }

  async recordType(name: RepositoryName, digest: Digest, mediaType: string): Promise<void> {
    await this.#driver.write({ key: layout.manifestTyped(name, digest), content: Buffer.from(mediaType) });
  }

  async forgetType(name: RepositoryName, digest: Digest): Promise<void> {
    await this.#driver.remove(layout.manifestTyped(name, digest));
  }

  /**
   * One process at a time asks for a manifest, and the others find what it has kept. Where the lock cannot be had, for
   * time or for want of room, the question costs one more.
   */
  async whileFetching<Result>(digest: Digest, fetch: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#driver.withLock(`manifest ${digest}`, fetch);
    } catch (error) {
      if (!(error instanceof LockError) && !isOutOfRoom(error)) throw error;
      return fetch();
    }
  }
}
