import type { NamesWanted } from "../../../src/storage/driver.js";

interface Life {
  /** By the clock of `performance.now`. */
  writtenMs: number;
  removedMs: number | undefined;
}

/** Lists of keys as they were some time ago. */
export class LaggingLists {
  readonly #lagMs: number;
  readonly #lives = new Map<string, Life>();

  constructor(lagMs: number) {
    this.#lagMs = lagMs;
  }

  noteWritten(key: string): void {
    const life = this.#lives.get(key);
    // An object that is replaced was in the list already, and stays there.
    if (life !== undefined && life.removedMs === undefined) return;
    this.#lives.set(key, { writtenMs: performance.now(), removedMs: undefined });
  }

  noteRemoved(key: string): void {
    const life = this.#lives.get(key);
    if (life !== undefined) life.removedMs = performance.now();
  }

  /** The object of the key and everything below it that exists now, in code point order. */
  keysBelow(key: string): string[] {
    const there = [...this.#lives].filter(([, { removedMs }]) => removedMs === undefined).map(([each]) => each);
    return there.filter((each) => each === key || each.startsWith(`${key}/`)).sort();
  }

  list(key: string, { after = "", limit = Number.POSITIVE_INFINITY }: NamesWanted = {}): string[] {
    const then = performance.now() - this.#lagMs;
    const names = new Set<string>();
    for (const [each, { writtenMs, removedMs }] of this.#lives) {
      if (removedMs !== undefined && removedMs <= then) this.#lives.delete(each);
      else if (writtenMs <= then && each.startsWith(`${key}/`))
        names.add(each.slice(key.length + 1).split("/", 1)[0] ?? "");
    }
    return [...names]
      .filter((name) => name > after)
      .sort()
      .slice(0, limit);
  }
}
