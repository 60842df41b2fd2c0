import { LockError } from "../../oci/storage-error.js";

/** How long to wait for a lock by default. */
export const defaultWaitMs = 30_000;

/**
 * Runs actions with the same key one after another, in order of arrival; actions with different keys run concurrently.
 */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * @param waitMs how long the action waits for those before it
   * @throws LockError if its turn does not come in time; the action does not run then
   */
  run<Result>(key: string, action: () => Promise<Result>, waitMs: number): Promise<Result> {
    const before = this.#last.get(key);
    // Never starts before it is in the queue: an action that requests its own key would overtake itself.
    const turn = before === undefined ? Promise.resolve() : inTime(before, key, waitMs);
    const result = turn.then(action);
    // An action that gave up does not end the one it waited for, so the next one waits for both.
    const end = before === undefined ? result : Promise.allSettled([before, result]);
    this.#last.set(key, end);
    const forget = () => {
      if (this.#last.get(key) === end) this.#last.delete(key);
    };
    end.then(forget, forget);
    return result;
  }
}

/** Settles when the action before has ended, successfully or not. */
function inTime(before: Promise<unknown>, key: string, waitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new LockError("held", `another request has held the lock of ${key} for too long`));
    const timer = setTimeout(giveUp, waitMs);
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    before.then(go, go);
  });
}
