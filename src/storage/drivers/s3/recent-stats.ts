import { BoundedMap } from "../../../foundation/bounded-map.js";
import type { StoredObject } from "./stored-object.js";

const rememberedKeys = 20_000;

/** A key that is asked for less often than this in the time for which an answer is recent is looked for each time. */
const lookedForEach = 8;

interface Seen {
  readonly since: number;
  asked: number;
  /** Found at or after `since`. */
  found: StoredObject | undefined;
}

/**
 * Answers how an object is, many times a second, with few requests to the store: at most so many for each key in each
 * span of time. So an answer is never older than that span, and only under load older than the question. That something
 * is absent is not remembered.
 */
export class RecentStats {
  readonly #look: (key: string) => Promise<StoredObject | undefined>;
  readonly #recentMs: number;
  readonly #now: () => number;
  readonly #seen = new BoundedMap<string, Seen>(rememberedKeys);

  /** @param now in milliseconds */
  constructor(
    look: (key: string) => Promise<StoredObject | undefined>,
    recentMs: number,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
    this.#look = look;
    this.#recentMs = recentMs;
  }

  async stat(key: string): Promise<StoredObject | undefined> {
    const now = this.#now();
    const seen = this.#current(key, now) ?? { since: now, asked: 0, found: undefined };
    if (seen.asked >= lookedForEach && seen.found !== undefined) return seen.found;
    if (seen.asked++ === 0) this.#seen.set(key, seen);
    const found = await this.#look(key);
    seen.found = found;
    return found;
  }

  /** Call it after this process has changed an object, so that it sees its own changes. */
  forget(key: string): void {
    this.#seen.delete(key);
  }

  #current(key: string, now: number): Seen | undefined {
    const seen = this.#seen.get(key);
    return seen !== undefined && now - seen.since < this.#recentMs ? seen : undefined;
  }
}
