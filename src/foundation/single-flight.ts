/** Runs an action once for all callers that want its result at the same time. */
export class SingleFlight<Key, Result> {
  readonly #running = new Map<Key, Promise<Result>>();

  /** How many are running. */
  get size(): number {
    return this.#running.size;
  }

  run(key: Key, action: () => Promise<Result>): Promise<Result> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const result = action().finally(() => this.#running.delete(key));
    this.#running.set(key, result);
    return result;
  }
}
