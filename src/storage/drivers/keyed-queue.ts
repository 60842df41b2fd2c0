import { LockError } from "../../oci/storage-error.js";

/** How long a lock is waited for, if the caller says nothing else. */
export const defaultWaitMs = 30_000;

/** Runs actions of the same key one after another, in the order they came; those of different keys at once. */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * @param waitMs how long the action waits for those before it
   * @throws LockError if its turn does not come in time; it is not run then
   */
  run<Result>(key: string, action: () => Promise<Result>, waitMs: number): Promise<Result> {
    const before = this.#last.get(key);
    // Never begun before it is noted: an action that asks for its own key would overtake itself.
    const turn = before === undefined ? Promise.resolve() : inTime(before, key, waitMs);
    const result = turn.then(action);
    // Whoever gave up has not ended the one that it waited for: the next waits for both.
    const end = before === undefined ? result : Promise.allSettled([before, result]);
    this.#last.set(key, end);
    const forget = () => {
      if (this.#last.get(key) === end) this.#last.delete(key);
    };
    end.then(forget, forget);
    return result;
  }
}

/** Settles when what came before has ended, well or not. */
function inTime(before: Promise<unknown>, key: string, waitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new LockError("held", `the lock of ${key} is held by another request for too long`));
    const timer = setTimeout(giveUp, waitMs);
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    before.then(go, go);
  });
}
