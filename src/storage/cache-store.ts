import { LRUCache } from "lru-cache";
import { type Digest, isDigest } from "../oci/digest.js";
import type { Tag } from "../oci/reference.js";
import { isRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import { BriefMemory } from "./brief-memory.js";
import { isOutOfRoom, LockError, type StagedObject, type StagedStat, type StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

// Each place is paid for from the start, used or not.
const rememberedTags = 20_000;
const rememberedOwners = 20_000;
/** What `berth cache rm` or another process changed is seen after so long. */
const ownersRememberedForMs = 10_000;
const waitForIdleMs = 500;

/** Characters of a number of bytes. */
const longestNumber = 16;

/** A blob that is not here as a whole. */
export interface UnfinishedDownload extends StagedStat {
  readonly digest: Digest;
}

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

  /** The place of a blob that is on its way. */
  download(digest: Digest): StagedObject {
    return this.#driver.stage(layout.download(digest));
  }

  /** The place of the same where it is said to be compressed, until it is known whether it is. */
  encodedDownload(digest: Digest): StagedObject {
    return this.#driver.stage(layout.encodedDownload(digest));
  }

  /** How large a blob that is on its way will be, as far as the process that downloads it has heard. */
  async downloadSize(digest: Digest): Promise<number | undefined> {
    const reader = await this.#driver.stage(layout.downloadSize(digest)).openRead();
    if (reader === undefined) return undefined;
    try {
      const text = Buffer.alloc(longestNumber);
      const count = await reader.read(text, 0);
      return count === 0 ? undefined : Number(text.toString("latin1", 0, count));
    } finally {
      await reader.close();
    }
  }

  /** Not durable: it is for those who read along, whose manifests may have come by another process. */
  async noteDownloadSize(digest: Digest, size: number): Promise<void> {
    if ((await this.downloadSize(digest)) === size) return;
    const staged = this.#driver.stage(layout.downloadSize(digest));
    await staged.discard();
    await staged.append(0, only(Buffer.from(String(size), "latin1")));
  }

  /** To be called when the download has ended, well or so badly that nothing of it was kept. */
  async forgetDownloadSize(digest: Digest): Promise<void> {
    await this.#driver.stage(layout.downloadSize(digest)).discard();
  }

  /** Removes what came so far, from all of its places. Only for whoever has the lock of the download. */
  async dropDownload(digest: Digest): Promise<void> {
    for (const place of [this.download(digest), this.encodedDownload(digest)]) await place.discard();
    await this.forgetDownloadSize(digest);
  }

  /** One process at a time downloads a blob; the others wait, however long it takes, and read along meanwhile. */
  async lockDownload<Result>(digest: Digest, action: (lost: AbortSignal) => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await this.#driver.withLock(`download ${digest}`, action);
      } catch (error) {
        // Whoever has it now, or took it over while this process stood still, downloads.
        if (!(error instanceof LockError)) throw error;
      }
    }
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

  /** Downloads that have not ended, whether or not one runs. */
  async listDownloads(): Promise<UnfinishedDownload[]> {
    const unfinished: UnfinishedDownload[] = [];
    for (const name of await this.#driver.list(layout.downloads)) {
      const digest = name.replace("-", ":");
      const stat = isDigest(digest) ? await this.#downloadStat(digest) : undefined;
      if (isDigest(digest) && stat !== undefined) unfinished.push({ digest, ...stat });
    }
    return unfinished;
  }

  /** What it takes of the disk in all its places. */
  async #downloadStat(digest: Digest): Promise<StagedStat | undefined> {
    const places = [this.download(digest), this.encodedDownload(digest)];
    const stats = (await Promise.all(places.map((place) => place.stat()))).filter((stat) => stat !== undefined);
    if (stats.length === 0) return undefined;
    const size = stats.reduce((sum, stat) => sum + stat.size, 0);
    return { size, modifiedMs: Math.max(...stats.map(({ modifiedMs }) => modifiedMs)) };
  }

  /**
   * Removes what an unfinished download has left, if none runs and none has gone on with it.
   * @returns whether it is gone
   */
  async discardDownload({ digest, modifiedMs }: UnfinishedDownload): Promise<boolean> {
    return this.#withIdleDownload(digest, async () => {
      if ((await this.#downloadStat(digest))?.modifiedMs !== modifiedMs) return false;
      await this.dropDownload(digest);
      return true;
    });
  }

  /** A download that runs has the lock, and may have it for hours: who waits here is not even there when it ends. */
  #withIdleDownload(digest: Digest, action: () => Promise<boolean>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let hasLeft = false;
      const leave = setTimeout(() => {
        hasLeft = true;
        resolve(false);
      }, waitForIdleMs).unref();
      this.#driver
        .withLock(`download ${digest}`, async () => {
          clearTimeout(leave);
          if (!hasLeft) resolve(await action());
        })
        .catch((error) => (error instanceof LockError ? resolve(false) : reject(error)));
    });
  }
}

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
