import type { Logger } from "../../observability/logger.js";
import { LockError } from "../../oci/storage-error.js";
import { clearAside, isAnythingLeft, withEvictionLock } from "../../storage/content/unlinked-blobs.js";
import type { Storage } from "../../storage/storage.js";
import type { CacheRoom } from "../downloads/cache-room.js";
import { EvictionRun } from "./eviction-run.js";

/** Room is made for some time, not for the next blob only. */
const keptShare = 0.9;

const tickMs = 1_000;

/** Other processes fill the same cache, and what they add is not counted here. */
const lookEachMs = 5 * 60_000;

/** After a look, nine times as long as it took nothing is looked at, and at least this long. */
const pauseMs = 1_000;

/** When nothing more could go, it is looked again after so long. */
const fullPauseMs = 60_000;

/** An unfinished download that nobody went on with for so long is in the way. */
const resumableForMs = 24 * 60 * 60_000;

/** After a use could not be written; it is tried again, since losing it costs little but tells of a full disk. */
const writePauseMs = 60_000;

/**
 * Keeps the cache below a size, for as long as Berth runs: looks how large it is at the start and from time to time,
 * counts what this process adds in between, and lets go what was used longest ago. Of all processes on the storage one
 * at a time does so.
 */
export class Eviction implements CacheRoom {
  readonly #storage: Storage;
  readonly #maxSize: number | undefined;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> | undefined;
  #evicting: Promise<unknown> | undefined;
  /** Bytes of the cache at the last look, and what the process had added by then. */
  #known = { size: 0, added: 0 };
  #nextLookMs = 0;
  #notBeforeMs = 0;
  #nextWriteMs = 0;

  /** @param maxSize bytes; `undefined`: there is no bound, and only what nobody will finish goes */
  constructor(storage: Storage, maxSize: number | undefined, log: Logger) {
    this.#storage = storage;
    this.#maxSize = maxSize;
    this.#log = log;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
    this.#tick();
  }

  /** Settles when nothing of it runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error("the eviction was stopped"));
    await this.#evicting?.catch(() => {});
    await this.#writeUses();
  }

  /** Lets go of what is too much before this process ends, which may be long before the next look of any. */
  async settle(): Promise<void> {
    await this.#running;
    if (this.#size() > this.largest) await this.#look();
  }

  get largest(): number {
    return this.#maxSize ?? Number.POSITIVE_INFINITY;
  }

  left(): number {
    return this.largest - this.#size();
  }

  /**
   * Lets go what was used longest ago, whatever the size is: for a disk that is full. Does nothing without a bound:
   * then nothing is ever evicted.
   * @returns how many bytes were freed
   */
  async makeRoom(bytes: number): Promise<number> {
    if (this.#maxSize === undefined) return 0;
    return this.#evict(() => bytes);
  }

  #tick(): void {
    if (this.#running !== undefined) return;
    const now = performance.now();
    const isFull = this.#maxSize !== undefined && this.#size() > this.#maxSize && now >= this.#notBeforeMs;
    const mustLook = isFull || now >= this.#nextLookMs;
    this.#running = (mustLook ? this.#look() : this.#writeUses()).finally(() => {
      this.#running = undefined;
    });
  }

  /** As far as this process knows. */
  #size(): number {
    return this.#known.size + this.#storage.addedBytes - this.#known.added;
  }

  async #look(): Promise<void> {
    const startedAt = performance.now();
    this.#nextLookMs = startedAt + lookEachMs;
    try {
      await this.#writeUses();
      await this.#purgeDownloads();
      // On a full disk it could not be made any more.
      if (this.#maxSize !== undefined) await this.#storage.blobs.prepareAside();
      if (this.#maxSize !== undefined || (await isAnythingLeft(this.#storage)))
        await this.#evict((size) => this.#excess(size));
    } catch (cause) {
      if (!this.#stop.signal.aborted) this.#log.error("the cache could not be reduced", { cause });
    }
    const now = performance.now();
    const isStillFull = this.#excess(this.#known.size) > 0;
    this.#notBeforeMs = now + Math.max(isStillFull ? fullPauseMs : pauseMs, 9 * (now - startedAt));
  }

  #excess(size: number): number {
    return this.#maxSize !== undefined && size > this.#maxSize ? size - this.#maxSize * keptShare : 0;
  }

  /** @returns how many bytes were freed */
  async #evict(bytesToFree: (size: number) => number): Promise<number> {
    try {
      return await withEvictionLock(this.#storage, (lost) => {
        const run = this.#run(bytesToFree, AbortSignal.any([this.#stop.signal, lost]));
        this.#evicting = run;
        return run;
      });
    } catch (error) {
      // Another process has been at it all the time: then it makes room.
      if (error instanceof LockError && error.reason === "held") return 0;
      throw error;
    }
  }

  async #run(bytesToFree: (size: number) => number, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const { addedBytes: added } = this.#storage;
    await clearAside(this.#storage);
    const { size, freed } = await new EvictionRun(this.#storage, this.#log, signal).free(bytesToFree);
    this.#known = { size: size - freed, added };
    return freed;
  }

  async #purgeDownloads(): Promise<void> {
    for (const download of await this.#storage.downloads.list()) {
      if (Date.now() - download.modifiedMs < resumableForMs) continue;
      if (!(await this.#storage.downloads.discard(download))) continue;
      this.#log.info("abandoned download purged", { digest: download.digest, bytes: download.size });
    }
  }

  async #writeUses(): Promise<void> {
    if (performance.now() < this.#nextWriteMs) return;
    try {
      await this.#storage.uses.write();
    } catch (cause) {
      this.#nextWriteMs = performance.now() + writePauseMs;
      this.#log.warn("the last uses of images could not be stored", { cause });
    }
  }
}
