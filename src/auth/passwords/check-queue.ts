import { setTimeout } from "node:timers/promises";
import { Semaphore } from "../../foundation/semaphore.js";
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
  readonly #turns: Semaphore;

  constructor(settings: CheckQueueSettings) {
    this.#settings = settings;
    this.#turns = new Semaphore(settings.concurrency);
  }

  /** @throws RegistryError UNAVAILABLE if more checks are waiting than can be done in time */
  async run<Result>(check: () => Promise<Result>, isUrgent = false): Promise<Result> {
    const { waiting, urgent } = this.#turns;
    if ((isUrgent ? urgent : waiting - urgent) >= this.#settings.mostWaiting) throw tooManyChecks();
    const release = await this.#turns.acquire({ isUrgent: () => isUrgent });
    const startedAt = performance.now();
    try {
      return await check();
    } finally {
      void this.#rest(performance.now() - startedAt).then(release);
    }
  }

  async #rest(tookMs: number): Promise<void> {
    if (this.#settings.rest > 0) await setTimeout(tookMs * this.#settings.rest, undefined, { ref: false });
  }
}

/** A 503, since docker retries after that but not after a 429. */
function tooManyChecks(): RegistryError {
  const message = "too many passwords are waiting to be checked; try again in a moment";
  return new RegistryError("UNAVAILABLE", message, { headers: { "Retry-After": "5" } });
}
