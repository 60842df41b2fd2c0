/** Whether anybody waits for what is asked for. It may change while it is asked. */
export interface Interest {
  readonly isWatched: boolean;
  /** Calls back whenever that changes. @returns what ends it */
  onChange(listener: () => void): () => void;
}

/** Of a question that its caller waits for to the end. */
export const watched: Interest = { isWatched: true, onChange: () => () => {} };

/** Those who wait for one thing: they come and go. */
export class Watchers implements Interest {
  readonly #listeners = new Set<() => void>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get isWatched(): boolean {
    return this.#count > 0;
  }

  /** @returns what leaves again; leaving twice does no harm */
  join(): () => void {
    this.#change(1);
    let isHere = true;
    return () => {
      if (isHere) this.#change(-1);
      isHere = false;
    };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #change(by: number): void {
    const before = this.isWatched;
    this.#count += by;
    if (this.isWatched !== before) for (const listener of [...this.#listeners]) listener();
  }
}
