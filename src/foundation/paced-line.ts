/** How often those in the line are called; shorter timers cost more than they spread. */
const everyMs = 5;

/**
 * Spreads over time what many slow clients cause. They often begin together, so equal waits end together, too: a
 * thousand tiny reads or writes in one go delay everyone else.
 */
export class PacedLine {
  readonly #most: number;
  readonly #line = new Set<() => void>();
  /** Runs while one waits, and once more: then nobody has been called for a while. */
  #timer: NodeJS.Timeout | undefined;
  #left: number;

  /** @param aSecond how many are called each second at most; at least 200 */
  constructor(aSecond: number) {
    this.#most = Math.floor((aSecond * everyMs) / 1000);
    this.#left = this.#most;
  }

  /** Calls it in its turn: at once, if few others were called just before. */
  join(call: () => void): void {
    this.#line.add(call);
    this.#callNext();
    this.#timer ??= setTimeout(() => this.#tick(), everyMs);
  }

  leave(call: () => void): void {
    this.#line.delete(call);
  }

  #tick(): void {
    this.#left = this.#most;
    const hadSomeone = this.#line.size > 0;
    this.#callNext();
    this.#timer = hadSomeone ? setTimeout(() => this.#tick(), everyMs) : undefined;
  }

  #callNext(): void {
    for (const call of this.#line) {
      if (this.#left === 0) return;
      this.#left--;
      this.#line.delete(call);
      call();
    }
  }
}
