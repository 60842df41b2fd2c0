import { BoundedMap } from "../foundation/bounded-map.js";

const remembered = 20_000;

/** Remembers briefly what an upstream does not have: some clients request the same missing tags with each pull. */
export class NotFoundMemory {
  /** `undefined` if nothing is remembered. */
  readonly #known: BoundedMap<string, true> | undefined;

  /** @param ttlMs how long; 0 remembers nothing */
  constructor(ttlMs: number) {
    this.#known = ttlMs === 0 ? undefined : new BoundedMap(remembered, ttlMs);
  }

  has(key: string): boolean {
    return this.#known?.has(key) ?? false;
  }

  add(key: string): void {
    this.#known?.set(key, true);
  }
}
