import { setTimeout as delay } from "node:timers/promises";
import { StorageError } from "../../../oci/storage-error.js";
import { faultOf, isAboutKeys, isChange, isDenied, isPassing, type StoreFault, toStorageError } from "./store-error.js";

const mostAttempts = 5;
/** A refusal rarely passes, and must be told soon. */
const attemptsIfDenied = 3;
const firstWaitMs = 100;
const longestWaitMs = 3_000;

/**
 * How many requests may be repeated: a repetition costs what twenty successful requests give back, so that a store in
 * trouble is not asked five times as often as one that works.
 */
const budget = { capacity: 200, cost: 1, refund: 0.05 } as const;

/** Keys are asked for anew no more often than this. */
const renewedEachMs = 10_000;

/** What a caller knows when its request had to be repeated. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
}

/** Sends requests to the store, and repeats those that failed for a reason that passes. */
export class StoreCalls {
  readonly #renewKeys: () => Promise<unknown>;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #renewing: Promise<unknown> | undefined;
  #tokens: number = budget.capacity;
  #refusesChanges = false;

  /** @param renewKeys asks for keys anew: those that are in use may have been replaced or revoked */
  constructor(renewKeys: () => Promise<unknown> = async () => {}) {
    this.#renewKeys = renewKeys;
  }

  /** From now on, what would change the bucket is refused without a request. */
  refuseChanges(): void {
    this.#refusesChanges = true;
  }

  /**
   * @param doing what is tried, for the error, such as "reading blobs/a/data"
   * @param send makes the request anew each time; throws what is final as it is
   * @throws StorageError
   */
  async run<Result>(doing: string, send: (attempt: Attempt) => Promise<Result>): Promise<Result> {
    if (this.#refusesChanges && isChange(doing))
      throw new StorageError("readonly", `${doing} is refused: the keys could not write when the bucket was opened`);
    for (let number = 1, areKeysNew = false; ; number++) {
      try {
        const result = await send({ number });
        this.#tokens = Math.min(budget.capacity, this.#tokens + budget.refund);
        return result;
      } catch (error) {
        // Of our own making, or of the local disk.
        if (error instanceof StorageError) throw error;
        const fault = faultOf(error);
        if (number >= attemptsFor(fault, areKeysNew) || this.#tokens < budget.cost) throw toStorageError(error, doing);
        await this.#prepareNext(fault, number);
        areKeysNew ||= isAboutKeys(fault);
      }
    }
  }

  async #prepareNext(fault: StoreFault, number: number): Promise<void> {
    this.#tokens -= budget.cost;
    if (isAboutKeys(fault)) await this.#useNewKeys();
    else await delay(waitBefore(number));
  }

  /** Many requests fail at once: they share the new keys. That there are none is told by the next failure. */
  async #useNewKeys(): Promise<void> {
    if (performance.now() - this.#renewedAt > renewedEachMs) {
      this.#renewedAt = performance.now();
      this.#renewing = this.#renewKeys().catch(() => {});
    }
    await this.#renewing;
  }
}

function attemptsFor(fault: StoreFault, areKeysNew: boolean): number {
  if (isPassing(fault) || (isAboutKeys(fault) && !areKeysNew)) return mostAttempts;
  return isDenied(fault) ? attemptsIfDenied : 1;
}

/** Any time up to a limit that doubles: clients that failed together do not come back together. */
function waitBefore(attempt: number): number {
  return Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** attempt);
}
