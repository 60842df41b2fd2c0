import { LRUCache } from "lru-cache";

interface Entry<Value> {
  readonly value: Value;
  readonly until: number;
}

/**
 * Remembers a limited number of entries for a time. (Without the cache's own time to live: that starts a timer with
 * almost every call, which costs more than the lookup.)
 */
export class BriefMemory<Key extends string, Value> {
  readonly #entries: LRUCache<Key, Entry<Value>>;
  readonly #forMs: number;

  constructor(max: number, forMs: number) {
    this.#entries = new LRUCache({ max });
    this.#forMs = forMs;
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && performance.now() < entry.until ? entry.value : undefined;
  }

  set(key: Key, value: Value): void {
    this.#entries.set(key, { value, until: performance.now() + this.#forMs });
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }
}
