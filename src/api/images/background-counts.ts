import { setTimeout as delay } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { Semaphore } from "../../foundation/semaphore.js";
import { SingleFlight } from "../../foundation/single-flight.js";

const rememberedForMs = 10_000;
/** What takes long to count is remembered this many times longer. */
const timesLonger = 200;

/** A client that does not wait is answered before the count begins. */
const beginsAfterMs = 250;

interface Limits<Count> {
  readonly mostWeight: number;
  weightOf(count: Count): number;
}

/**
 * Remembers what was counted, for some time. What takes long is counted in the background, one after another, while
 * clients are told the rest.
 */
export class BackgroundCounts<Count extends object> {
  readonly #counted: LRUCache<string, Count>;
  readonly #counting = new SingleFlight<string, Count>();
  readonly #places = new Semaphore(1);

  constructor({ mostWeight, weightOf }: Limits<Count>) {
    this.#counted = new LRUCache<string, Count>({
      maxSize: mostWeight,
      sizeCalculation: (count) => weightOf(count) + 1,
      // An old count is better than none while it is counted again.
      allowStale: true,
      noDeleteOnStaleGet: true,
    });
  }

  /** What was counted not long ago. */
  recent(key: string): Count | undefined {
    return this.#counted.getRemainingTTL(key) > 0 ? this.#counted.get(key) : undefined;
  }

  /** Counts now. */
  async count(key: string, count: () => Promise<Count>): Promise<Count> {
    const begun = performance.now();
    const counted = await count();
    const ttl = Math.max(rememberedForMs, (performance.now() - begun) * timesLonger);
    this.#counted.set(key, counted, { ttl });
    return counted;
  }

  /**
   * What was counted not long ago; or else a new count if it is ready within the time, and the last one if not;
   * `undefined` if it was never counted.
   */
  async soon(key: string, count: () => Promise<Count>, waitMs: number): Promise<Count | undefined> {
    const recent = this.recent(key);
    if (recent !== undefined) return recent;
    const last = this.#counted.get(key);
    const counting = this.#counting.run(key, async () => {
      if (waitMs === 0) await delay(beginsAfterMs, undefined, { ref: false });
      const release = await this.#places.acquire();
      try {
        return await this.count(key, count);
      } finally {
        release();
      }
    });
    return Promise.race([counting.catch(() => last), delay(waitMs, last, { ref: false })]);
  }
}
