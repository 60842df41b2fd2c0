import type { Clock } from "./limits/deadline.js";

/** What a HEAD is for. */
export type HeadKind = "tag" | "manifest" | "blob";

const rememberedForMs = 10 * 60_000;

/**
 * What HEAD was worth at one endpoint, by kind of request. HEAD is only a saving: some servers refuse it for what GET
 * returns (watchtower#667, containerd#6684, caches that have not fetched the content yet). So a refusal is never
 * trusted, and GET follows; after that, only GET is used for a while, so that missing content costs one request.
 */
export class HeadMemory {
  readonly #clock: Clock;
  readonly #contradicted = new Map<HeadKind, number>();
  readonly #confirmed = new Map<HeadKind, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param canSaveGet whether the caller can keep something it has if HEAD succeeds */
  isWorthTrying(kind: HeadKind, canSaveGet: boolean): boolean {
    if (this.#isRecent(this.#contradicted.get(kind))) return false;
    return canSaveGet || !this.#isRecent(this.#confirmed.get(kind));
  }

  /** HEAD refused what GET returned. */
  contradicted(kind: HeadKind): void {
    this.#contradicted.set(kind, this.#clock.monotonic());
  }

  /** GET refused too. */
  confirmed(kind: HeadKind): void {
    this.#confirmed.set(kind, this.#clock.monotonic());
  }

  #isRecent(since: number | undefined): boolean {
    return since !== undefined && this.#clock.monotonic() - since < rememberedForMs;
  }
}
