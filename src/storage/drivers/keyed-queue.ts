/** Runs actions of the same key one after another, in the order they came; those of different keys at once. */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  run<Result>(key: string, action: () => Promise<Result>): Promise<Result> {
    // Never begun before it is noted: an action that asks for its own key would overtake itself.
    const before = this.#last.get(key) ?? Promise.resolve();
    const result = before.then(action, action);
    this.#last.set(key, result);
    const forget = () => {
      if (this.#last.get(key) === result) this.#last.delete(key);
    };
    result.then(forget, forget);
    return result;
  }
}
