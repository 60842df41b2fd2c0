import { Counter, Gauge, type Registry } from "prom-client";
import type { Collection } from "../maintenance/collection-report.js";
import type { CollectionObserver } from "../maintenance/scheduled-collection.js";
import type { PurgeObserver } from "../maintenance/upload-purge.js";
import type { EvictionResult } from "../proxy/eviction/eviction-run.js";
import type { EvictionObserver } from "../proxy/eviction/measured-cache.js";

interface CacheState {
  askSize(): number | undefined;
  readonly limits: { readonly maxSize?: number | undefined };
}

/** What a process reports when its metrics are collected. */
export interface StoredState {
  /** Size of the cache, and its limit; no size if nothing is cached. */
  readonly cache: CacheState;
  /** Bodies that are being received. */
  readonly uploads: number;
  /** Upload sessions that this process has created, minus those it has ended. */
  readonly sessions: number;
  /** When garbage was last collected, in milliseconds since 1970. */
  lastCollection(): Promise<number | undefined>;
}

/** The cache, uploads, and cleanup. */
export class StoredMetrics implements CollectionObserver, EvictionObserver, PurgeObserver {
  state: StoredState | undefined;
  readonly #images: Counter;
  readonly #bytes: Counter;
  readonly #purges: Counter<"result">;
  readonly #collections: Counter<"result">;
  readonly #collectedBytes: Counter;
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
    this.#collections = new Counter({
      name: "berth_collections_total",
      help: "Garbage collections by the schedule.",
      labelNames: ["result"],
      registers,
    });
    this.#collectedBytes = new Counter({
      name: "berth_collected_bytes_total",
      help: "Bytes that garbage collections by the schedule have freed.",
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

  collected(collection: Collection | undefined): void {
    this.#collections.inc({ result: collection === undefined ? "failed" : "ok" });
    this.#collectedBytes.inc(collection?.bytes ?? 0);
  }

  purged(succeeded: boolean): void {
    this.#purges.inc({ result: succeeded ? "ok" : "failed" });
    if (succeeded) this.#purgedMs = Date.now();
  }

  /** Each process knows the size when it last checked, plus what it has added since: the largest is the closest. */
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
    gauge("berth_cache_size_bytes", "Size of the cache, as far as known.", (cache) => cache.askSize());
    gauge("berth_cache_max_size_bytes", "Size limit of the cache.", ({ limits }) => limits.maxSize);
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
    gauge("berth_uploads_running", "Uploads whose bytes are being received.", () => this.state?.uploads);
    const open = "Upload sessions created since Berth started and not ended.";
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
