import { setTimeout } from "node:timers/promises";
import { RegistryError } from "../../oci/errors.js";

interface CheckQueueSettings {
  /** Checks that run at once. */
  readonly concurrency: number;
  /** Checks that may wait. Further ones are refused: whoever waited longer would have given up. */
  readonly mostWaiting: number;
  /** How long it rests after each check, as a multiple of the time that the check took. */
  readonly rest: number;
}

/** Runs slow checks a few at a time; those that are urgent go first. */
export class CheckQueue {
  readonly #settings: CheckQueueSettings;
  readonly #urgent: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(settings: CheckQueueSettings) {
    this.#settings = settings;
  }

  /** @throws RegistryError UNAVAILABLE if more wait than can be checked in time */
  async run<Result>(check: () => Promise<Result>, isUrgent = false): Promise<Result> {
    await this.#enter(isUrgent ? this.#urgent : this.#waiting);
    const startedAt = performance.now();
    try {
      return await check();
    } finally {
      void this.#leave(performance.now() - startedAt);
    }
  }

  async #enter(line: (() => void)[]): Promise<void> {
    if (this.#running < this.#settings.concurrency) {
      this.#running++;
      return;
    }
    if (line.length >= this.#settings.mostWaiting) throw tooManyChecks();
    // Whoever leaves hands its place over.
    await new Promise<void>((resolve) => line.push(resolve));
  }

  async #leave(tookMs: number): Promise<void> {
    if (this.#settings.rest > 0) await setTimeout(tookMs * this.#settings.rest, undefined, { ref: false });
    const next = this.#urgent.shift() ?? this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}

/** Docker repeats what had a 503, and nothing that had a 429. */
function tooManyChecks(): RegistryError {
  const message = "too many passwords are waiting to be checked; try again in a moment";
  return new RegistryError("UNAVAILABLE", message, { headers: { "Retry-After": "5" } });
}
