import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/schema.js";
import { emptyTrash } from "../maintenance/empty-trash.js";
import { FreeSpace } from "../maintenance/free-space.js";
import type { Logger } from "../observability/logger.js";
import type { CacheRoom } from "../proxy/downloads/cache-room.js";
import type { CacheLimits, Eviction } from "../proxy/eviction/eviction.js";
import type { EvictionObserver } from "../proxy/eviction/measured-cache.js";
import type { DiskPart } from "../storage/disk-room.js";
import type { Storage } from "../storage/storage.js";

/**
 * Keeps the cache within the limits of the configuration in effect. It outlives configurations: one with the same
 * limits leaves the running eviction alone, which knows how large the cache is.
 */
export class CacheBound implements CacheRoom {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #observer: EvictionObserver | undefined;
  /** Only one at a time is active; `undefined` if nothing is cached. */
  #eviction: Eviction | undefined;
  /** Watches over the disk, whether or not anything is cached; `undefined` if no part of it must stay free. */
  #freeSpace: FreeSpace | undefined;
  #limits: CacheLimits | undefined;
  /** Settles when the previous ones have ended. */
  #retired: Promise<unknown> = Promise.resolve();

  constructor(storage: Storage, log: Logger, observer?: EvictionObserver) {
    this.#storage = storage;
    this.#log = log;
    this.#observer = observer;
  }

  /** Size of the cache, as far as this process knows; `undefined` if nothing is cached, or it was not measured yet. */
  askSize(): number | undefined {
    return this.#eviction?.askSize();
  }

  /** As configured. */
  get limits(): Partial<CacheLimits> {
    return this.#limits ?? {};
  }

  get largest(): number {
    return Math.min(
      this.#eviction?.largest ?? Number.POSITIVE_INFINITY,
      this.#freeSpace?.largest ?? Number.POSITIVE_INFINITY,
    );
  }

  left(): number {
    return Math.min(
      this.#eviction?.left() ?? Number.POSITIVE_INFINITY,
      this.#freeSpace?.left ?? Number.POSITIVE_INFINITY,
    );
  }

  async belowLimit(): Promise<void> {
    await this.#eviction?.belowLimit();
  }

  async makeRoom(bytes: number): Promise<number> {
    return (await this.#eviction?.makeRoom(bytes)) ?? 0;
  }

  /** @returns a function that puts the limits of a configuration into effect, in one step */
  async prepare({ mode, proxy: { maxSize, minFree, maxAge } }: Config): Promise<() => void> {
    const limits: CacheLimits = { maxSize, minFree, maxAge };
    // Loaded only if something is cached, so that private mode starts sooner.
    const eviction = mode === "private" ? undefined : await import("../proxy/eviction/eviction.js");
    return () => {
      const isSame = isDeepStrictEqual(limits, this.#limits);
      if (isSame && (this.#eviction === undefined) === (eviction === undefined)) return;
      this.#limits = limits;
      this.#replace(eviction && new eviction.Eviction(this.#storage, limits, this.#log, this.#observer), minFree);
    };
  }

  /** Brings the cache within its size now, for a process that ends before the next check. */
  async settle(): Promise<void> {
    await this.#eviction?.settle();
  }

  async stop(): Promise<void> {
    this.#replace(undefined);
    await this.#retired;
  }

  /** Whatever happens in between, the previous one is stopped at once. */
  #replace(next: Eviction | undefined, minFree?: DiskPart): void {
    this.#retired = Promise.all([this.#retired, this.#eviction?.stop(), this.#freeSpace?.stop()]);
    this.#eviction = next;
    next?.start();
    const evict = async (bytes: number) => (await next?.makeRoom(bytes)) ?? 0;
    this.#storage.makeRoom = async (bytes) => {
      const freed = await emptyTrash(this.#storage, bytes);
      return freed >= bytes ? freed : freed + (await evict(bytes - freed));
    };
    this.#freeSpace = minFree && new FreeSpace({ storage: this.#storage, minFree, evict, log: this.#log });
  }
}
