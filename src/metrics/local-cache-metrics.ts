import { Counter, Gauge, type Registry } from "prom-client";

/** Copies of a bucket's blobs on the local disk. */
export interface LocalCacheState {
  readonly use: {
    readonly hit: number;
    readonly shared: number;
    readonly miss: number;
    readonly readBytes: number;
    readonly filledBytes: number;
  };
  readonly copies: { readonly size: number; readonly maxSize: number; readonly evictedBytes: number };
}

/** What the local cache of a bucket saves. There are no such metrics without one. */
export class LocalCacheMetrics {
  constructor(registers: Registry[], state: LocalCacheState) {
    const { use, copies } = state;
    new Counter({
      name: "berth_local_cache_requests_total",
      help: "Blobs that were opened with storage.s3.localCache, by whether there was a copy.",
      labelNames: ["result"],
      registers,
      collect() {
        this.reset();
        for (const result of ["hit", "shared", "miss"] as const) this.inc({ result }, use[result]);
      },
    });
    addBytes(registers, "read", "Bytes that were read from local copies.", () => use.readBytes);
    addBytes(registers, "filled", "Bytes that were copied from the bucket.", () => use.filledBytes);
    addBytes(registers, "evicted", "Bytes of copies that were deleted to make room.", () => copies.evictedBytes);
    // Processes of one machine share the folder: the largest of what they know is the closest.
    addSize(registers, "size", "Size of all local copies, as last counted.", () => copies.size);
    addSize(registers, "max_size", "Limit of the size of local copies.", () => copies.maxSize);
  }
}

function addBytes(registers: Registry[], what: string, help: string, value: () => number): void {
  new Counter({
    name: `berth_local_cache_${what}_bytes_total`,
    help,
    registers,
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}

function addSize(registers: Registry[], what: string, help: string, value: () => number): void {
  new Gauge({
    name: `berth_local_cache_${what}_bytes`,
    help,
    aggregator: "max",
    registers,
    collect() {
      this.set(value());
    },
  });
}
