const kibibyte = 1024;

/** What all running appends together may hold in memory, and the most and least that one of them may. */
const total = 32 * 1024 * kibibyte;
const most = 1024 * kibibyte;
const least = 64 * kibibyte;

/** Shares memory among the appends that run: few get much each and are fast, many get little and stay bounded. */
export class WriteBudget {
  #sharers = 0;

  /** @param action is given a function that tells how many bytes it may hold now */
  async share<Result>(action: (limit: () => number) => Promise<Result>): Promise<Result> {
    this.#sharers++;
    try {
      return await action(() => Math.min(most, Math.max(least, total / this.#sharers)));
    } finally {
      this.#sharers--;
    }
  }
}
