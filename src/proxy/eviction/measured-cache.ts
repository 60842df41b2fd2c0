import { SingleFlight } from "../../foundation/single-flight.js";
import type { Logger } from "../../observability/logger.js";
import { LockError } from "../../oci/storage-error.js";
import { clearAside, withEvictionLock } from "../../storage/content/unlinked-blobs.js";
import type { Storage } from "../../storage/storage.js";
import { type EvictionResult, EvictionRun } from "./eviction-run.js";

/** Notified of each check of the cache size, and what it evicted. */
export interface EvictionObserver {
  looked(result: EvictionResult): void;
}

/** The cache as last measured, with what this process has added since. Only one process at a time measures and evicts. */
export class MeasuredCache {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #observer: EvictionObserver | undefined;
  readonly #stop = new AbortController();
  /** By the bytes to free. */
  readonly #roomRuns = new SingleFlight<number, number>();
  #running: Promise<unknown> | undefined;
  /** Size after the last run, and what this process had added by then. */
  #last = { size: 0, added: 0 };
  #measuredAt: number | undefined;

  constructor(storage: Storage, log: Logger, observer: EvictionObserver | undefined) {
    this.#storage = storage;
    this.#log = log;
    this.#observer = observer;
  }

  /** Bytes, as far as this process knows. */
  get size(): number {
    return this.#last.size + this.#storage.addedBytes - this.#last.added;
  }

  /** Bytes that the last run has left. */
  get leftByLast(): number {
    return this.#last.size;
  }

  /** By `performance.now()`; `undefined` until it has been measured. */
  get measuredAt(): number | undefined {
    return this.#measuredAt;
  }

  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error("the eviction was stopped"));
    await this.#running?.catch(() => {});
  }

  /**
   * Deletes what was least recently used. One run serves all who want the same room meanwhile, since each walks over
   * the cache.
   * @returns the number of bytes freed, by this run or meanwhile by another one
   */
  makeRoom(bytes: number): Promise<number> {
    return this.#roomRuns.run(bytes, async () => {
      const freeBefore = (await this.#storage.room())?.free ?? 0;
      const freed = await this.evict(() => bytes);
      if (freed > 0) return freed;
      // While it waited for the lock, another run, perhaps in another process, may have evicted everything.
      return Math.max(0, ((await this.#storage.room())?.free ?? 0) - freeBefore);
    });
  }

  /**
   * @param bytesToFree returns how much to delete from a cache of that size
   * @param unusedSinceMs what was not used since then is deleted in any case
   * @returns the number of bytes freed
   */
  async evict(bytesToFree: (size: number) => number, unusedSinceMs?: number): Promise<number> {
    try {
      return await withEvictionLock(this.#storage, (lost) => {
        const run = this.#run(AbortSignal.any([this.#stop.signal, lost]), bytesToFree, unusedSinceMs);
        this.#running = run;
        return run;
      });
    } catch (error) {
      // Another process held the lock all the time, so it makes room.
      if (error instanceof LockError && error.reason === "held") return 0;
      throw error;
    }
  }

  async #run(
    signal: AbortSignal,
    bytesToFree: (size: number) => number,
    unusedSinceMs: number | undefined,
  ): Promise<number> {
    signal.throwIfAborted();
    const { addedBytes: added } = this.#storage;
    await clearAside(this.#storage);
    const result = await new EvictionRun(this.#storage, this.#log, signal).free(bytesToFree, unusedSinceMs);
    const { size, freed } = result;
    this.#last = { size: size - freed, added };
    this.#measuredAt = performance.now();
    this.#observer?.looked(result);
    return freed;
  }
}
