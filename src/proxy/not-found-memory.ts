import { LRUCache } from "lru-cache";

const remembered = 20_000;

/** Remembers for a short time what an upstream does not have: some clients ask for the same absent tags with each pull. */
export class NotFoundMemory {
  /** `undefined` where nothing is remembered. */
  readonly #known: LRUCache<string, true> | undefined;

  /** @param ttlMs how long; 0 remembers nothing */
  constructor(ttlMs: number) {
    this.#known = ttlMs === 0 ? undefined : new LRUCache({ max: remembered, ttl: ttlMs });
  }

  has(question: string): boolean {
    return this.#known?.has(question) ?? false;
  }

  add(question: string): void {
    this.#known?.set(question, true);
  }
}
