import type { Clock } from "./clock.js";

/** What is asked for. Docker Hub counts manifests apart from all else. */
export type Lane = "manifest" | "list" | "blob";

const firstPauseMs = 5_000;
const longestPauseMs = 300_000;

interface Limit {
  until: number;
  /** How often in a row the upstream refused without saying for how long. */
  refusals: number;
}

/**
 * Remembers that an endpoint answered 429, so that nobody asks again before it is over. A 429 for a manifest is a
 * spent pull quota and says nothing of blobs, which a pull under way still needs; any other 429 is about everything.
 */
export class RateLimits {
  readonly #clock: Clock;
  readonly #manifests: Limit = { until: 0, refusals: 0 };
  readonly #everything: Limit = { until: 0, refusals: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until this may be asked again, 0 if it may be now. */
  waitMs(lane: Lane): number {
    const until = Math.max(this.#everything.until, lane === "manifest" ? this.#manifests.until : 0);
    return Math.max(0, until - this.#clock.monotonic());
  }

  /** After a 429. Without a `Retry-After` the pause grows with each refusal. */
  refused(lane: Lane, retryAfterMs: number | undefined): void {
    const limit = this.#limitOf(lane);
    const now = this.#clock.monotonic();
    if (retryAfterMs !== undefined) limit.until = Math.max(limit.until, now + retryAfterMs);
    else if (limit.until <= now) limit.until = now + this.#pauseAfter(limit);
  }

  /** After any other answer. */
  answered(lane: Lane): void {
    this.#limitOf(lane).refusals = 0;
  }

  #limitOf(lane: Lane): Limit {
    return lane === "manifest" ? this.#manifests : this.#everything;
  }

  #pauseAfter(limit: Limit): number {
    limit.refusals += 1;
    return Math.min(longestPauseMs, firstPauseMs * 2 ** (limit.refusals - 1));
  }
}
