import type { Clock } from "./limits/deadline.js";

/** What a HEAD is for. */
export type HeadQuestion = "tag" | "manifest" | "blob";

const rememberedForMs = 10 * 60_000;

/**
 * What HEAD was worth at one endpoint, by kind of request. HEAD is only a saving: some servers refuse it for what GET
 * returns (watchtower#667, containerd#6684, caches that have not fetched the content yet). So a refusal is never
 * trusted, and GET follows; after that, only GET is used for a while, so that missing content costs one request.
 */
export class HeadMemory {
  readonly #clock: Clock;
  readonly #contradicted = new Map<HeadQuestion, number>();
  readonly #confirmed = new Map<HeadQuestion, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param canSaveGet whether the caller can keep something it has if HEAD succeeds */
  isWorthAsking(question: HeadQuestion, canSaveGet: boolean): boolean {
    if (this.#isRecent(this.#contradicted.get(question))) return false;
    return canSaveGet || !this.#isRecent(this.#confirmed.get(question));
  }

  /** HEAD refused what GET returned. */
  contradicted(question: HeadQuestion): void {
    this.#contradicted.set(question, this.#clock.monotonic());
  }

  /** GET refused too. */
  confirmed(question: HeadQuestion): void {
    this.#confirmed.set(question, this.#clock.monotonic());
  }

  #isRecent(since: number | undefined): boolean {
    return since !== undefined && this.#clock.monotonic() - since < rememberedForMs;
  }
}
