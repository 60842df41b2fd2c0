import type { Config } from "../config/schema.js";
import { emptyTrash } from "../maintenance/empty-trash.js";
import type { Logger } from "../observability/logger.js";
import type { CacheRoom } from "../proxy/downloads/cache-room.js";
import type { Eviction, EvictionObserver } from "../proxy/eviction/eviction.js";
import type { Storage } from "../storage/storage.js";

/**
 * Keeps the cache within the size of the configuration in effect. It outlives configurations: one with the same size
 * leaves the running eviction alone, which knows how large the cache is.
 */
export class CacheBound implements CacheRoom {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #observer: EvictionObserver | undefined;
  /** Only one at a time is active; `undefined` if nothing is cached. */
  #eviction: Eviction | undefined;
  #maxSize: number | undefined;
  /** Settles when the previous ones have ended. */
  #retired: Promise<unknown> = Promise.resolve();

  constructor(storage: Storage, log: Logger, observer?: EvictionObserver) {
    this.#storage = storage;
    this.#log = log;
    this.#observer = observer;
  }

  /** Size of the cache, as far as this process knows; `undefined` if nothing is cached. */
  get size(): number | undefined {
    return this.#eviction?.size;
  }

  get largest(): number {
    return this.#eviction?.largest ?? Number.POSITIVE_INFINITY;
  }

  left(): number {
    return this.#eviction?.left() ?? Number.POSITIVE_INFINITY;
  }

  async makeRoom(bytes: number): Promise<number> {
    return (await this.#eviction?.makeRoom(bytes)) ?? 0;
  }

  /** @returns a function that puts the limit of a configuration into effect, in one step */
  async prepare({ mode, proxy }: Config): Promise<() => void> {
    if (mode === "private") return () => this.#replace(undefined);
    // Loaded only if something is cached, so that private mode starts sooner.
    const { Eviction } = await import("../proxy/eviction/eviction.js");
    return () => {
      if (this.#eviction !== undefined && this.#maxSize === proxy.maxSize) return;
      this.#maxSize = proxy.maxSize;
      this.#replace(new Eviction(this.#storage, proxy.maxSize, this.#log, this.#observer));
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
  #replace(next: Eviction | undefined): void {
    this.#retired = Promise.all([this.#retired, this.#eviction?.stop()]);
    this.#eviction = next;
    next?.start();
    this.#storage.makeRoom = async (bytes) => {
      const freed = await emptyTrash(this.#storage, bytes);
      return freed >= bytes ? freed : freed + ((await next?.makeRoom(bytes - freed)) ?? 0);
    };
  }
}
