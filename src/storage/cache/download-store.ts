import { type Digest, isDigest } from "../../oci/digest.js";
import { isOutOfRoom, LockError } from "../../oci/storage-error.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { StagedObject, StagedStat } from "../staging.js";

const waitForIdleMs = 500;

/** Characters of a number of bytes. */
const longestNumber = 16;

/** A blob that is not here as a whole. */
export interface UnfinishedDownload extends StagedStat {
  readonly digest: Digest;
}

/** Blobs that are on their way from upstreams, or were left by downloads that did not end. */
export class DownloadStore {
  readonly #driver: StorageDriver;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
  }

  /** The place of a blob that is on its way. */
  staged(digest: Digest): StagedObject {
    return this.#driver.staging.at(layout.download(digest));
  }

  /** The place of the same where it is said to be compressed, until it is known whether it is. */
  encoded(digest: Digest): StagedObject {
    return this.#driver.staging.at(layout.encodedDownload(digest));
  }

  /** How large a blob that is on its way will be, as far as the process that downloads it has heard. */
  async size(digest: Digest): Promise<number | undefined> {
    const reader = await this.#driver.staging.at(layout.downloadSize(digest)).openRead();
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
  async noteSize(digest: Digest, size: number): Promise<void> {
    if ((await this.size(digest)) === size) return;
    const staged = this.#driver.staging.at(layout.downloadSize(digest));
    await staged.discard();
    await staged.append(0, only(Buffer.from(String(size), "latin1")));
  }

  /** To be called when the download has ended, well or so badly that nothing of it was kept. */
  async forgetSize(digest: Digest): Promise<void> {
    await this.#driver.staging.at(layout.downloadSize(digest)).discard();
  }

  /** Removes what came so far, from all of its places. Only for whoever has the lock of the download. */
  async drop(digest: Digest): Promise<void> {
    for (const place of [this.staged(digest), this.encoded(digest)]) await place.discard();
    await this.forgetSize(digest);
  }

  /** One process at a time downloads a blob; the others wait, however long it takes, and read along meanwhile. */
  async lock<Result>(digest: Digest, action: (lost: AbortSignal) => Promise<Result>): Promise<Result> {
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
   * One process at a time asks for a manifest, and the others find what it has stored. Where the lock cannot be had, for
   * time or for want of room, the question costs one more.
   */
  async whileFetchingManifest<Result>(digest: Digest, fetch: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#driver.withLock(`manifest ${digest}`, fetch);
    } catch (error) {
      if (!(error instanceof LockError) && !isOutOfRoom(error)) throw error;
      return fetch();
    }
  }

  /** Downloads that have not ended, whether or not one runs. */
  async list(): Promise<UnfinishedDownload[]> {
    const unfinished: UnfinishedDownload[] = [];
    for (const name of await this.#driver.staging.list(layout.downloads)) {
      const digest = name.replace("-", ":");
      const stat = isDigest(digest) ? await this.#downloadStat(digest) : undefined;
      if (isDigest(digest) && stat !== undefined) unfinished.push({ digest, ...stat });
    }
    return unfinished;
  }

  /** What it takes of the disk in all its places. */
  async #downloadStat(digest: Digest): Promise<StagedStat | undefined> {
    const places = [this.staged(digest), this.encoded(digest)];
    const stats = (await Promise.all(places.map((place) => place.stat()))).filter((stat) => stat !== undefined);
    if (stats.length === 0) return undefined;
    const size = stats.reduce((sum, stat) => sum + stat.size, 0);
    return { size, modifiedMs: Math.max(...stats.map(({ modifiedMs }) => modifiedMs)) };
  }

  /**
   * Removes what an unfinished download has left, if none runs and none has gone on with it.
   * @returns whether it is gone
   */
  async discard({ digest, modifiedMs }: UnfinishedDownload): Promise<boolean> {
    return this.#withIdleDownload(digest, async () => {
      if ((await this.#downloadStat(digest))?.modifiedMs !== modifiedMs) return false;
      await this.drop(digest);
      return true;
    });
  }

  /** A download that runs has the lock, perhaps for hours. */
  async #withIdleDownload(digest: Digest, action: () => Promise<boolean>): Promise<boolean> {
    try {
      return await this.#driver.withLock(`download ${digest}`, action, { waitMs: waitForIdleMs });
    } catch (error) {
      if (error instanceof LockError) return false;
      throw error;
    }
  }
}

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
