import type { Logger } from "../../observability/logger.js";
import { isAnythingLeft } from "../../storage/content/unlinked-blobs.js";
import type { DiskPart } from "../../storage/disk-room.js";
import type { Storage } from "../../storage/storage.js";
import type { CacheRoom } from "../downloads/cache-room.js";
import { type EvictionObserver, MeasuredCache } from "./measured-cache.js";
import { purgeAbandoned } from "./purge-abandoned.js";

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
 * Keeps the cache below a size while Berth runs: decides when it is measured, and deletes what was least recently used
 * when it is too large.
 */
export class Eviction implements CacheRoom {
  readonly #storage: Storage;
  readonly #limits: CacheLimits;
  readonly #log: Logger;
  readonly #cache: MeasuredCache;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> | undefined;
  /** A measurement for those who ask does not begin before this time. */
  #nextMeasureMs = 0;
  #nextLookMs = 0;
  #notBeforeMs = 0;
  /** Nothing more can be deleted until something has changed. */
  #stuckUntilMs = 0;

  constructor(storage: Storage, limits: CacheLimits, log: Logger, observer?: EvictionObserver) {
    this.#storage = storage;
    this.#limits = limits;
    this.#log = log;
    this.#cache = new MeasuredCache(storage, log, observer);
  }

  start(): void {
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
    this.#tick();
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#cache.stop();
  }

  /** Deletes what is too much before this process ends, since the next check by any process may be far away. */
  async settle(): Promise<void> {
    await this.#running;
    if (this.#cache.size > this.largest) await this.#look();
  }

  get largest(): number {
    return this.#limits.maxSize ?? Number.POSITIVE_INFINITY;
  }

  left(): number {
    return this.largest - this.#cache.size;
  }

  /**
   * Deletes what was least recently used, whatever the size, because the disk is full. Does nothing without any limit:
   * then nothing is ever evicted.
   * @returns the number of bytes freed, by this run or meanwhile by another one
   */
  async makeRoom(bytes: number): Promise<number> {
    if (Object.values(this.#limits).every((limit) => limit === undefined)) return 0;
    return this.#cache.makeRoom(bytes);
  }

  async belowLimit(): Promise<void> {
    // The first may have begun too early to see all of it. What is too much after the second is arriving.
    for (let looks = 0; looks < 2; looks++) {
      if (this.#cache.size <= this.largest || performance.now() < this.#stuckUntilMs || this.#cache.isStopped) return;
      await this.#alone(() => this.#look());
    }
  }

  /**
   * Size of the cache, as far as this process knows. Where no limit makes it measure the cache, asking begins that.
   * @returns `undefined` until it has been measured
   */
  askSize(): number | undefined {
    const { size, measuredAt } = this.#cache;
    const dueMs = Math.max(this.#nextMeasureMs, measuredAt === undefined ? 0 : measuredAt + measureEachMs);
    if (!this.#isWatched && this.#running === undefined && performance.now() >= dueMs) {
      this.#nextMeasureMs = performance.now() + measureAgainMs;
      void this.#alone(() => this.#measure());
    }
    return measuredAt === undefined ? undefined : size;
  }

  #tick(): void {
    if (this.#running !== undefined) return;
    const now = performance.now();
    const isFull = this.#cache.size > this.largest && now >= this.#notBeforeMs;
    if (isFull || now >= this.#nextLookMs) void this.#alone(() => this.#look());
  }

  /** Joins what runs already, so that others can wait for the same. */
  #alone(action: () => Promise<void>): Promise<unknown> {
    this.#running ??= action().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Whether each look measures the cache. */
  get #isWatched(): boolean {
    return this.#limits.maxSize !== undefined || this.#limits.maxAge !== undefined;
  }

  async #measure(): Promise<void> {
    try {
      await this.#cache.evict(() => 0);
    } catch (cause) {
      if (!this.#cache.isStopped) this.#log.error("the size of the cache could not be measured", { cause });
    }
  }

  async #look(): Promise<void> {
    const startedAt = performance.now();
    this.#nextLookMs = startedAt + lookEachMs;
    try {
      await purgeAbandoned(this.#storage, this.#log);
      const { maxAge } = this.#limits;
      if (this.#isWatched || (await isAnythingLeft(this.#storage)))
        await this.#cache.evict((size) => this.#excess(size), maxAge && Date.now() - maxAge);
    } catch (cause) {
      if (!this.#cache.isStopped) this.#log.error("the cache could not be reduced", { cause });
    }
    const now = performance.now();
    const isStillFull = this.#excess(this.#cache.leftByLast) > 0;
    this.#stuckUntilMs = isStillFull ? now + fullPauseMs : 0;
    this.#notBeforeMs = now + Math.max(isStillFull ? fullPauseMs : pauseMs, 9 * (now - startedAt));
  }

  #excess(size: number): number {
    return size > this.largest ? size - this.largest * keptShare : 0;
  }
}
