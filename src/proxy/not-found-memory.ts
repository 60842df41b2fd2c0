import { LRUCache } from "lru-cache";

const remembered = 20_000;

/** Remembers for a short time what an upstream does not have: some clients ask for the same absent tags with each pull. */
export class NotFoundMemory {
  readonly #known: LRUCache<string, true>;

  /** @param ttlMs how long; 0 remembers nothing */
  constructor(ttlMs: number) {
    this.#known = new LRUCache({ max: remembered, ttl: Math.max(1, ttlMs) });
  }

  has(question: string): boolean {
    return this.#known.has(question);
  }

  add(question: string): void {
    this.#known.set(question, true);
  }
}
