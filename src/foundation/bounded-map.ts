import { LRUCache } from "lru-cache";

/**
 * A map with a bounded number of entries: a new one replaces the least recently used. With `ttlMs`, entries expire
 * after that time. It grows with its content: lru-cache with its option `max` allocates memory for all entries at once,
 * a megabyte for 50,000, and a process has thirty such maps.
 */
export class BoundedMap<Key extends string | number, Value extends NonNullable<unknown>> extends LRUCache<Key, Value> {
  constructor(maxEntries: number, ttlMs = 0) {
    // Any resolution other than 0 starts a timer for almost every access.
    super({ maxSize: maxEntries, sizeCalculation: () => 1, ttl: ttlMs, ttlResolution: 0 });
  }
}
