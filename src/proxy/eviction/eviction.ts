import { SingleFlight } from "../../foundation/single-flight.js";
import type { Logger } from "../../observability/logger.js";
import { LockError } from "../../oci/storage-error.js";
import { clearAside, isAnythingLeft, withEvictionLock } from "../../storage/content/unlinked-blobs.js";
import type { DiskPart } from "../../storage/disk-room.js";
import type { Storage } from "../../storage/storage.js";
import type { CacheRoom } from "../downloads/cache-room.js";
import type { EvictionResult } from "./eviction-run.js";
import { EvictionRun } from "./eviction-run.js";
import { purgeAbandoned } from "./purge-abandoned.js";

/** Notified of each check of the cache size, and what it evicted. */
export interface EvictionObserver {
  looked(result: EvictionResult): void;
}

/** When cached content is deleted; without any limit, only abandoned downloads are. */
export interface CacheLimits {
  /** Bytes. */
  readonly maxSize: number | undefined;
  /** Free space of the disk, which `FreeSpace` watches over. */
  readonly minFree: DiskPart | undefined;
  /** Milliseconds since an image was last used. */
  readonly maxAge: number | undefined;
}

/** Frees space for some time, not only for the next blob. */
const keptShare = 0.9;

const tickMs = 1_000;

/** Other processes fill the same cache, and what they add is not counted here. */
const lookEachMs = 5 * 60_000;

/** Without a limit, the cache is measured only for those who ask how large it is: it is a walk over all of it. */
const measureEachMs = 60 * 60_000;

/** After a measurement that failed, or that another process prevented. */
const measureAgainMs = 60_000;

/** After a check, the pause is nine times as long as the check took, and at least this long. */
const pauseMs = 1_000;

/** The pause after a check that could not delete anything more. */
const fullPauseMs = 60_000;

/**
 * Keeps the cache below a size while Berth runs: measures it at the start and from time to time, counts what this
 * process adds in between, and deletes what was least recently used. Only one process on the storage does so at a time.
 */
export class Eviction implements CacheRoom {
  readonly #storage: Storage;
  readonly #limits: CacheLimits;
  readonly #log: Logger;
  readonly #observer: EvictionObserver | undefined;
  readonly #stop = new AbortController();
  /** By the bytes to free. */
  readonly #roomRuns = new SingleFlight<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> | undefined;
  #evicting: Promise<unknown> | undefined;
  /** Size of the cache at the last check, and what this process had added by then. */
  #known = { size: 0, added: 0 };
  #isMeasured = false;
  /** When the size may be measured again for those who ask. */
  #nextMeasureMs = 0;
  #nextLookMs = 0;
  #notBeforeMs = 0;
  /** Nothing more can be deleted until something has changed. */
  #stuckUntilMs = 0;

  constructor(storage: Storage, limits: CacheLimits, log: Logger, observer?: EvictionObserver) {
    this.#storage = storage;
    this.#limits = limits;
    this.#log = log;
    this.#observer = observer;
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
    this.#tick();
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error("the eviction was stopped"));
    await this.#evicting?.catch(() => {});
  }

  /** Deletes what is too much before this process ends, since the next check by any process may be far away. */
  async settle(): Promise<void> {
    await this.#running;
    if (this.#size > this.largest) await this.#look();
  }

  get largest(): number {
    return this.#limits.maxSize ?? Number.POSITIVE_INFINITY;
  }

  left(): number {
    return this.largest - this.#size;
  }

  /**
   * Deletes what was least recently used, whatever the size, because the disk is full. Does nothing without any limit:
   * then nothing is ever evicted. One run serves all who want the same room meanwhile, since each walks over the cache.
   * @returns the number of bytes freed, by this run or meanwhile by another one
   */
  async makeRoom(bytes: number): Promise<number> {
    if (Object.values(this.#limits).every((limit) => limit === undefined)) return 0;
    return this.#roomRuns.run(bytes, () => this.#makeRoom(bytes));
  }

  async #makeRoom(bytes: number): Promise<number> {
    const freeBefore = (await this.#storage.room())?.free ?? 0;
    const freed = await this.#evict(() => bytes);
    if (freed > 0) return freed;
    // While it waited for the lock, another run, perhaps in another process, may have evicted everything.
    return Math.max(0, ((await this.#storage.room())?.free ?? 0) - freeBefore);
  }

  async belowLimit(): Promise<void> {
    // The first may have begun too early to see all of it. What is too much after the second is arriving.
    for (let looks = 0; looks < 2; looks++) {
      if (this.#size <= this.largest || performance.now() < this.#stuckUntilMs || this.#stop.signal.aborted) return;
      await this.#lookAlone();
    }
  }

  #tick(): void {
    if (this.#running !== undefined) return;
    const now = performance.now();
    const isFull = this.#size > this.largest && now >= this.#notBeforeMs;
    if (isFull || now >= this.#nextLookMs) void this.#lookAlone();
  }

  /** A look that others may wait for, too. */
  #lookAlone(): Promise<unknown> {
    this.#running ??= this.#look().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /**
   * Size of the cache, as far as this process knows. Where no limit makes it measure the cache, asking begins that.
   * @returns `undefined` until it has been measured
   */
  askSize(): number | undefined {
    if (!this.#isWatched && this.#running === undefined && performance.now() >= this.#nextMeasureMs) {
      this.#nextMeasureMs = performance.now() + measureAgainMs;
      this.#running = this.#measure().finally(() => {
        this.#running = undefined;
      });
    }
    return this.#isMeasured ? this.#size : undefined;
  }

  get #size(): number {
    return this.#known.size + this.#storage.addedBytes - this.#known.added;
  }

  /** Whether each look measures the cache. */
  get #isWatched(): boolean {
    return this.#limits.maxSize !== undefined || this.#limits.maxAge !== undefined;
  }

  async #measure(): Promise<void> {
    try {
      await this.#evict(() => 0);
    } catch (cause) {
      if (!this.#stop.signal.aborted) this.#log.error("the size of the cache could not be measured", { cause });
    }
  }

  async #look(): Promise<void> {
    const startedAt = performance.now();
    this.#nextLookMs = startedAt + lookEachMs;
    try {
      await purgeAbandoned(this.#storage, this.#log);
      const { maxAge } = this.#limits;
      if (this.#isWatched || (await isAnythingLeft(this.#storage)))
        await this.#evict((size) => this.#excess(size), maxAge && Date.now() - maxAge);
    } catch (cause) {
      if (!this.#stop.signal.aborted) this.#log.error("the cache could not be reduced", { cause });
    }
    const now = performance.now();
    const isStillFull = this.#excess(this.#known.size) > 0;
    this.#stuckUntilMs = isStillFull ? now + fullPauseMs : 0;
    this.#notBeforeMs = now + Math.max(isStillFull ? fullPauseMs : pauseMs, 9 * (now - startedAt));
  }

  #excess(size: number): number {
    return size > this.largest ? size - this.largest * keptShare : 0;
  }

  /**
   * @param unusedSinceMs what was not used since then goes in any case
   * @returns the number of bytes freed
   */
  async #evict(bytesToFree: (size: number) => number, unusedSinceMs?: number): Promise<number> {
    try {
      return await withEvictionLock(this.#storage, (lost) => {
        const signal = AbortSignal.any([this.#stop.signal, lost]);
        const run = this.#run(signal, bytesToFree, unusedSinceMs);
        this.#evicting = run;
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
    this.#known = { size: size - freed, added };
    this.#isMeasured = true;
    this.#nextMeasureMs = performance.now() + measureEachMs;
    this.#observer?.looked(result);
    return freed;
  }
}
