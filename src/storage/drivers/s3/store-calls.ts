import { setTimeout as delay } from "node:timers/promises";
import { StorageError } from "../../../oci/storage-error.js";
import { faultOf, isChange, isDenied, isPassing, type StoreFault, toStorageError } from "./store-error.js";

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

/** What a caller knows when its request had to be repeated. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
}

/** Sends requests to the store, and repeats those that failed for a reason that passes. */
export class StoreCalls {
  #tokens: number = budget.capacity;
  #refusesChanges = false;

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
    for (let number = 1; ; number++) {
      try {
        const result = await send({ number });
        this.#tokens = Math.min(budget.capacity, this.#tokens + budget.refund);
        return result;
      } catch (error) {
        // Of our own making, or of the local disk.
        if (error instanceof StorageError) throw error;
        if (number >= attemptsFor(faultOf(error)) || this.#tokens < budget.cost) throw toStorageError(error, doing);
        this.#tokens -= budget.cost;
        await delay(waitBefore(number));
      }
    }
  }
}

function attemptsFor(fault: StoreFault): number {
  if (isPassing(fault)) return mostAttempts;
  return isDenied(fault) ? attemptsIfDenied : 1;
}

/** Any time up to a limit that doubles: clients that failed together do not come back together. */
function waitBefore(attempt: number): number {
  return Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** attempt);
}
