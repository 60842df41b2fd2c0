import { type Digest, isDigest } from "../../oci/digest.js";
import { isOutOfRoom, LockError } from "../../oci/storage-error.js";
import type { LockOptions, MachineWork, StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { StagedObject, StagedStat } from "../staging.js";

const waitForIdleMs = 500;

/** Characters of a number of bytes. */
const longestNumber = 16;

/** A blob that is not complete here. */
export interface UnfinishedDownload extends StagedStat {
  readonly digest: Digest;
}

/** How a replica asks to be the one that downloads. */
export type LeadOptions = LockOptions;

/**
 * Blobs that are being downloaded from upstreams, or were left by downloads that did not finish. What has
 * arrived is on one machine; what is complete is stored for all.
 */
export class DownloadStore {
  readonly #driver: StorageDriver;
  readonly #work: MachineWork;

  constructor(driver: StorageDriver) {
    this.#driver = driver;
    this.#work = driver.machine;
  }

  /** Whether what is complete is sent to where all machines find it. */
  get areStoredElsewhere(): boolean {
    return this.#work !== this.#driver;
  }

  /** The staged content of a blob. */
  staged(digest: Digest): StagedObject {
    return this.#work.staging.at(layout.download(digest));
  }

  /** The staged content of a blob that is said to be compressed, until it is known whether it is. */
  encoded(digest: Digest): StagedObject {
    return this.#work.staging.at(layout.encodedDownload(digest));
  }

  /** The final size of a blob, if the process that downloads it knows it already. */
  async size(digest: Digest): Promise<number | undefined> {
    const reader = await this.#work.staging.at(layout.downloadSize(digest)).openRead();
    if (reader === undefined) return undefined;
    try {
      const text = Buffer.alloc(longestNumber);
      const count = await reader.read(text, 0);
      return count === 0 ? undefined : Number(text.toString("latin1", 0, count));
    } finally {
      await reader.close();
    }
  }

  /** Not durable: it is for readers that follow the download, whose manifest may have come through another process. */
  async noteSize(digest: Digest, size: number): Promise<void> {
    if ((await this.size(digest)) === size) return;
    const staged = this.#work.staging.at(layout.downloadSize(digest));
    await staged.discard();
    await staged.append(0, only(Buffer.from(String(size), "latin1")));
  }

  /** Called when the download has ended: successfully, or so that nothing of it was kept. */
  async forgetSize(digest: Digest): Promise<void> {
    await this.#work.staging.at(layout.downloadSize(digest)).discard();
  }

  /** Removes all staged content of the blob. Only for the holder of the download lock. */
  async drop(digest: Digest): Promise<void> {
    for (const place of [this.staged(digest), this.encoded(digest)]) await place.discard();
    await this.forgetSize(digest);
  }

  /**
   * One process at a time downloads a blob; the others wait, however long it takes, and read what has arrived
   * meanwhile.
   * @param onHeld called once if another download holds the lock
   */
  async lock<Result>(
    digest: Digest,
    action: (lost: AbortSignal) => Promise<Result>,
    onHeld = () => {},
  ): Promise<Result> {
    for (let options: LockOptions = { waitMs: 0 }; ; options = {}) {
      try {
        return await this.#work.withLock(`download ${digest}`, action, options);
      } catch (error) {
        // The process that now holds the lock, or took it over while this one was suspended, downloads.
        if (!(error instanceof LockError)) throw error;
        if (options.waitMs === 0) onHeld();
      }
    }
  }

  /**
   * Of all machines, one at a time downloads a blob. Only for the holder of the download lock of its machine.
   * @throws LockError with what the other holder says about itself
   */
  lead<Result>(digest: Digest, action: (lost: AbortSignal) => Promise<Result>, options: LeadOptions): Promise<Result> {
    return this.#driver.withLock(`download for all ${digest}`, action, options);
  }

  /**
   * One process of all machines at a time fetches a manifest, since an upstream may count each GET; the others find what
   * it has stored. If the lock cannot be obtained, in time or at all, the manifest is fetched once more.
   */
  async whileFetchingManifest<Result>(digest: Digest, fetch: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#driver.withLock(`manifest ${digest}`, fetch);
    } catch (error) {
      if (!(error instanceof LockError) && !isOutOfRoom(error)) throw error;
      return fetch();
    }
  }

  /** Downloads that have not finished, whether or not one is running. */
  async list(): Promise<UnfinishedDownload[]> {
    const unfinished: UnfinishedDownload[] = [];
    for (const name of await this.#work.staging.list(layout.downloads)) {
      const digest = name.replace("-", ":");
      const stat = isDigest(digest) ? await this.#downloadStat(digest) : undefined;
      if (isDigest(digest) && stat !== undefined) unfinished.push({ digest, ...stat });
    }
    return unfinished;
  }

  /** Its size on disk, all staged content together. */
  async #downloadStat(digest: Digest): Promise<StagedStat | undefined> {
    const places = [this.staged(digest), this.encoded(digest)];
    const stats = (await Promise.all(places.map((place) => place.stat()))).filter((stat) => stat !== undefined);
    if (stats.length === 0) return undefined;
    const size = stats.reduce((sum, stat) => sum + stat.size, 0);
    return { size, modifiedMs: Math.max(...stats.map(({ modifiedMs }) => modifiedMs)) };
  }

  /**
   * Removes what an unfinished download has left, unless one is running or has continued it.
   * @returns whether it was removed
   */
  async discard({ digest, modifiedMs }: UnfinishedDownload): Promise<boolean> {
    return this.#withIdleDownload(digest, async () => {
      if ((await this.#downloadStat(digest))?.modifiedMs !== modifiedMs) return false;
      await this.staged(digest).invalidate();
      await this.drop(digest);
      return true;
    });
  }

  /** A running download holds the lock, perhaps for hours. */
  async #withIdleDownload(digest: Digest, action: () => Promise<boolean>): Promise<boolean> {
    try {
      return await this.#work.withLock(`download ${digest}`, action, { waitMs: waitForIdleMs });
    } catch (error) {
      if (error instanceof LockError) return false;
      throw error;
    }
  }
}

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
