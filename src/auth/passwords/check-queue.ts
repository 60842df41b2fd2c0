import { setTimeout } from "node:timers/promises";
import { RegistryError } from "../../oci/errors.js";

interface CheckQueueSettings {
  /** Maximum concurrent checks. */
  readonly concurrency: number;
  /** Checks that may wait. Further ones are refused: a client that waited longer would have given up. */
  readonly mostWaiting: number;
  /** The pause after each check, as a multiple of the check's duration. */
  readonly rest: number;
}

/** Runs slow checks a few at a time; urgent ones go first. */
export class CheckQueue {
  readonly #settings: CheckQueueSettings;
  readonly #urgent: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(settings: CheckQueueSettings) {
    this.#settings = settings;
  }

  /** @throws RegistryError UNAVAILABLE if more checks are waiting than can be done in time */
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
    // Resolved when another check has finished.
    await new Promise<void>((resolve) => line.push(resolve));
  }

  async #leave(tookMs: number): Promise<void> {
    if (this.#settings.rest > 0) await setTimeout(tookMs * this.#settings.rest, undefined, { ref: false });
    const next = this.#urgent.shift() ?? this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}

/** A 503, since docker retries after that but not after a 429. */
function tooManyChecks(): RegistryError {
  const message = "too many passwords are waiting to be checked; try again in a moment";
  return new RegistryError("UNAVAILABLE", message, { headers: { "Retry-After": "5" } });
}
