import { Counter, Gauge, type Registry } from "prom-client";
import type { PurgeObserver } from "../maintenance/purge-observer.js";
import type { EvictionObserver } from "../proxy/eviction/eviction-observer.js";
import type { EvictionResult } from "../proxy/eviction/eviction-run.js";

interface CacheState {
  readonly size: number | undefined;
  readonly largest: number;
}

/** What is asked of a process when its metrics are collected. */
export interface StoredState {
  /** Bytes of the cache, and how large it may be; no size where nothing is cached. */
  readonly cache: CacheState;
  /** Bodies that are being received. */
  readonly uploads: number;
  /** Upload sessions that this process began, less those that it ended. */
  readonly sessions: number;
  /** When garbage was last collected, in milliseconds since 1970. */
  lastCollection(): Promise<number | undefined>;
}

/** What is stored: the cache, uploads, and what cleans up. */
export class StoredMetrics implements EvictionObserver, PurgeObserver {
  state: StoredState | undefined;
  readonly #images: Counter;
  readonly #bytes: Counter;
  readonly #purges: Counter<"result">;
  #purgedMs: number | undefined;

  constructor(registers: Registry[]) {
    this.#images = new Counter({
      name: "berth_evicted_images_total",
      help: "Images evicted from the cache.",
      registers,
    });
    this.#bytes = new Counter({ name: "berth_evicted_bytes_total", help: "Bytes evicted from the cache.", registers });
    this.#purges = new Counter({
      name: "berth_upload_purges_total",
      help: "Searches for abandoned uploads.",
      labelNames: ["result"],
      registers,
    });
    this.#addCache(registers);
    this.#addUploads(registers);
    this.#addCollections(registers);
  }

  looked({ images, freed }: EvictionResult): void {
    this.#images.inc(images);
    this.#bytes.inc(freed);
  }

  purged(succeeded: boolean): void {
    this.#purges.inc({ result: succeeded ? "ok" : "failed" });
    if (succeeded) this.#purgedMs = Date.now();
  }

  /** Each process knows the size at its last look, and what it added since: the largest is the nearest. */
  #addCache(registers: Registry[]): void {
    const cache = () => this.state?.cache;
    const gauge = (name: string, help: string, value: (cache: CacheState) => number | undefined) =>
      new Gauge({
        name,
        help,
        aggregator: "max",
        registers,
        collect() {
          const found = cache();
          const bytes = found && value(found);
          if (bytes === undefined || !Number.isFinite(bytes)) this.remove();
          else this.set(bytes);
        },
      });
    gauge("berth_cache_size_bytes", "Size of the cache, as far as it is known.", ({ size }) => size);
    gauge("berth_cache_max_size_bytes", "Size to which the cache is limited.", ({ largest }) => largest);
  }

  #addUploads(registers: Registry[]): void {
    const gauge = (name: string, help: string, value: () => number | undefined) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value() ?? 0);
        },
      });
    gauge("berth_uploads_running", "Bodies of pushes that are being received.", () => this.state?.uploads);
    const open = "Upload sessions begun and not ended since Berth started.";
    gauge("berth_upload_sessions_open", open, () => this.state?.sessions);
  }

  #addCollections(registers: Registry[]): void {
    const times = async () =>
      [
        { kind: "garbage", ms: await this.state?.lastCollection() },
        { kind: "uploads", ms: this.#purgedMs },
      ] as const;
    new Gauge({
      name: "berth_collection_last_success_timestamp_seconds",
      help: "When garbage and abandoned uploads were last collected, in seconds since 1970.",
      labelNames: ["kind"],
      aggregator: "max",
      registers,
      async collect() {
        for (const { kind, ms } of await times()) if (ms !== undefined) this.set({ kind }, ms / 1000);
      },
    });
  }
}
