import { setTimeout as delay } from "node:timers/promises";
import { TimedOutError } from "../wire/wire-errors.js";

/** Time in milliseconds; passed in so that tests can control it. */
export interface Clock {
  /** Never goes back; for durations. */
  monotonic(): number;
  /** Since 1970; for dates from outside. */
  wall(): number;
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
};

/** How long one caller waits for a response: until its signal aborts or its deadline passes. */
export class Deadline {
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

  /** In milliseconds: at most what the deadline leaves, at least 0. */
  upTo(wantedMs: number): number {
    return Math.max(0, Math.min(wantedMs, this.#endsAt - this.#clock.monotonic()));
  }

  /** From now on only the signal counts: a body is being sent, and may take any time. */
  lift(): void {
    this.#endsAt = Number.POSITIVE_INFINITY;
  }

  /** Waits for a turn, without counting that time: the deadline moves accordingly. */
  async untimed<Result>(wait: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const since = this.#clock.monotonic();
    try {
      return await wait(this.signal);
    } finally {
      this.#endsAt += this.#clock.monotonic() - since;
    }
  }

  /** Waits for a turn, but not longer than the deadline allows. */
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

  /** Sleeps, or returns `false` at once if the deadline would pass meanwhile. */
  async sleep(ms: number): Promise<boolean> {
    if (this.upTo(ms) < ms) return false;
    await delay(ms, undefined, { signal: this.signal }).catch(() => this.signal.throwIfAborted());
    return true;
  }

  /** Waits for something that others may wait for too; giving up does not stop it. */
  async wait<Result>(promise: Promise<Result>): Promise<Result> {
    // If everyone has given up, no one handles the failure.
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

/** Node's timers are limited to 31 bits. */
const longestTimerMs = 2 ** 31 - 1;

/** A duration for people: `1.5 s`, `10 min`. */
export function inWords(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${rounded(ms / 1000)} s`;
  if (ms < 7_200_000) return `${rounded(ms / 60_000)} min`;
  return `${rounded(ms / 3_600_000)} h`;
}

function rounded(amount: number): string {
  return String(Math.round(amount * 10) / 10);
}
