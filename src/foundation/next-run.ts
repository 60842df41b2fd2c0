/**
 * Runs an action for many callers, one run at a time for each key. Callers that come during a run share the next one,
 * so that no result is older than the call that gets it, and the number of runs is bounded however many call.
 */
export class NextRun<Key, Result> {
  readonly #running = new Map<Key, Promise<void>>();
  readonly #next = new Map<Key, Promise<Result>>();

  run(key: Key, action: () => Promise<Result>): Promise<Result> {
    const running = this.#running.get(key);
    if (running === undefined) return this.#start(key, action);
    const waiting = this.#next.get(key);
    if (waiting !== undefined) return waiting;
    const next = running.then(() => {
      this.#next.delete(key);
      return this.#start(key, action);
    });
    this.#next.set(key, next);
    return next;
  }

  #start(key: Key, action: () => Promise<Result>): Promise<Result> {
    const result = action();
    const end = () => {
      if (this.#running.get(key) === ended) this.#running.delete(key);
    };
    const ended: Promise<void> = result.then(end, end);
    this.#running.set(key, ended);
    return result;
  }
}
