/** Whether a client waits for the result. This may change meanwhile. */
export interface Demand {
  readonly isWatched: boolean;
  /** Calls back whenever that changes. @returns a function that ends it */
  onChange(listener: () => void): () => void;
}

/** For a request that its caller waits for to the end. */
export const watched: Demand = { isWatched: true, onChange: () => () => {} };

/** The clients that wait for one thing: they come and go. */
export class Watchers implements Demand {
  readonly #listeners = new Set<() => void>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get isWatched(): boolean {
    return this.#count > 0;
  }

  /** @returns a function that leaves; calling it twice does no harm */
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
