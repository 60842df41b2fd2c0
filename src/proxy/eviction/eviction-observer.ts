import type { EvictionResult } from "./eviction-run.js";

/** Told of each look at the cache, and what it evicted. */
export interface EvictionObserver {
  looked(result: EvictionResult): void;
}
