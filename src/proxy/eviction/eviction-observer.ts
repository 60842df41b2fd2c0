import type { EvictionResult } from "./eviction-run.js";

/** Notified of each check of the cache size, and what it evicted. */
export interface EvictionObserver {
  looked(result: EvictionResult): void;
}
