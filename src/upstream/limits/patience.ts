import { setTimeout as delay } from "node:timers/promises";
import { TimedOutError } from "../wire/wire-errors.js";
import type { Clock } from "./clock.js";
import { inWords } from "./in-words.js";

/** How long one caller waits for an answer: until its signal aborts or its deadline passes. */
export class Patience {
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #givenMs: number;
  #endsAt: number;

  constructor(signal: AbortSignal, deadlineMs: number, clock: Clock) {
    this.signal = signal;
    this.#clock = clock;
    this.#givenMs = deadlineMs;
    this.#endsAt = clock.monotonic() + deadlineMs;
  }

  /** Milliseconds; not more than the deadline leaves, not less than nothing. */
  upTo(wantedMs: number): number {
    return Math.max(0, Math.min(wantedMs, this.#endsAt - this.#clock.monotonic()));
  }

  /** From now on only the signal counts: a body is being handed out, and may take as long as it takes. */
  liftDeadline(): void {
    this.#endsAt = Number.POSITIVE_INFINITY;
  }

  /** Waits for a turn among others, which is no time that the upstream takes: the deadline moves on by it. */
  async untimed<Result>(wait: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const since = this.#clock.monotonic();
    try {
      return await wait(this.signal);
    } finally {
      this.#endsAt += this.#clock.monotonic() - since;
    }
  }

  /** Waits for a turn among others, and not longer than the deadline allows. */
  async timed<Result>(wait: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(this.expired()), this.upTo(longestTimerMs));
    try {
      return await wait(AbortSignal.any([this.signal, late.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  expired(): TimedOutError {
    return new TimedOutError(`no answer within ${inWords(this.#givenMs)}`);
  }

  /** Sleeps, unless the deadline would pass meanwhile: then returns `false` at once. */
  async sleep(ms: number): Promise<boolean> {
    if (this.upTo(ms) < ms) return false;
    await delay(ms, undefined, { signal: this.signal }).catch(() => this.signal.throwIfAborted());
    return true;
  }

  /** Waits for what others may be waiting for, too; giving up does not stop it. */
  async wait<Result>(promise: Promise<Result>): Promise<Result> {
    // Its failure is nobody's, if all who waited gave up.
    promise.catch(() => {});
    this.signal.throwIfAborted();
    let onAbort = () => {};
    let timer: NodeJS.Timeout | undefined;
    const givingUp = new Promise<never>((_, reject) => {
      onAbort = () => reject(this.signal.reason);
      timer = setTimeout(() => reject(this.expired()), this.upTo(longestTimerMs));
    });
    this.signal.addEventListener("abort", onAbort);
    try {
      return await Promise.race([promise, givingUp]);
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener("abort", onAbort);
    }
  }
}

/** Node's timers hold 31 bits. */
const longestTimerMs = 2 ** 31 - 1;
