import type { Deadline } from "../limits/deadline.js";
import { inWords } from "../limits/deadline.js";
import { TimedOutError } from "./wire-errors.js";

/** Watches one exchange: its signal aborts with the caller's, or when something expected does not arrive in time. */
export class Watch {
  readonly #controller = new AbortController();
  readonly #deadline: Deadline;
  readonly #onAbort: () => void;
  #timer: NodeJS.Timeout | undefined;
  #lastLook: NodeJS.Immediate | undefined;

  constructor(deadline: Deadline) {
    this.#deadline = deadline;
    this.#onAbort = () => this.#controller.abort(deadline.signal.reason);
    if (deadline.signal.aborted) this.#onAbort();
    else deadline.signal.addEventListener("abort", this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * From now on, `what` must arrive within the time, and within the caller's deadline. Replaces the last expectation. A
   * process that was busy runs its timers before it reads what has arrived, so it reads once more before it gives up.
   */
  expect(what: string, withinMs: number): void {
    this.relax();
    const ms = this.#deadline.upTo(withinMs);
    const late = () =>
      ms < withinMs ? this.#deadline.expired() : new TimedOutError(`no ${what} within ${inWords(withinMs)}`);
    const abort = () => this.#controller.abort(late());
    this.#timer = setTimeout(() => {
      this.#lastLook = setImmediate(abort);
    }, ms);
  }

  /** Expects nothing until the next `expect`. */
  relax(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastLook);
  }

  /** Waits for something that cannot be aborted, but not longer than this exchange lasts. */
  until<Result>(promise: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(this.signal.reason);
      this.signal.addEventListener("abort", onAbort, { once: true });
      if (this.signal.aborted) onAbort();
      promise.then(resolve, reject);
    });
  }

  /** Stops watching; needed, since the caller's signal may live long. */
  end(): void {
    this.relax();
    this.#deadline.signal.removeEventListener("abort", this.#onAbort);
  }

  /** The reason of the abort, if that is what broke the exchange; otherwise the error. */
  reasonOf(error: unknown): unknown {
    return this.signal.aborted ? this.signal.reason : error;
  }
}
