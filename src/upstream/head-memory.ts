import type { Clock } from "./limits/clock.js";

/** What HEAD is asked of. */
export type HeadQuestion = "tag" | "manifest" | "blob";

const rememberedForMs = 10 * 60_000;

/**
 * What HEAD was worth at one endpoint, by kind of question. HEAD is a saving and never the truth: some servers refuse it
 * for what GET gives (watchtower#667, containerd#6684, caches that have not fetched it yet). So its no is never believed,
 * and a GET follows; and once that had to be, GET alone is asked for a while, so that what is absent costs one request.
 */
export class HeadMemory {
  readonly #clock: Clock;
  readonly #contradicted = new Map<HeadQuestion, number>();
  readonly #confirmed = new Map<HeadQuestion, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param canSaveGet whether the caller has something that a yes would let it keep */
  isWorthAsking(question: HeadQuestion, canSaveGet: boolean): boolean {
    if (this.#isRecent(this.#contradicted.get(question))) return false;
    return canSaveGet || !this.#isRecent(this.#confirmed.get(question));
  }

  /** HEAD refused what GET gave. */
  contradicted(question: HeadQuestion): void {
    this.#contradicted.set(question, this.#clock.monotonic());
  }

  /** GET refused, too. */
  confirmed(question: HeadQuestion): void {
    this.#confirmed.set(question, this.#clock.monotonic());
  }

  #isRecent(since: number | undefined): boolean {
    return since !== undefined && this.#clock.monotonic() - since < rememberedForMs;
  }
}
