/** How long those in line may occupy the event loop before it handles what others have sent. */
const longestTurnMs = 0.5;

/** Has work to do in small pieces. */
export interface TurnTaker {
  /** Does one piece, and asks for another turn if there is more. */
  takeTurn(): void;
}

/**
 * Gives turns for the work that clients cause by sending many requests at once: to parse them, and to begin them. All
 * connections share one line, so however many clients send thousands of requests, each turn of the event loop spends
 * little time on them, and everyone else waits no longer than that.
 */
export class Turns {
  readonly #line = new Set<TurnTaker>();
  #isPlanned = false;
  /** Time spent on turns since the last planned ones. */
  #spentMs = 0;

  ask(one: TurnTaker): void {
    this.#line.add(one);
    this.#plan();
  }

  /**
   * Gives the turn at once if nobody waits and little time has been spent; otherwise, this is the same as `ask`.
   * @returns whether the turn has been taken
   */
  takeOrAsk(one: TurnTaker): boolean {
    if (this.#line.size > 0 || this.#spentMs > longestTurnMs) {
      this.ask(one);
      return false;
    }
    const start = performance.now();
    one.takeTurn();
    this.#spentMs += performance.now() - start;
    this.#plan();
    return true;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#spentMs = 0;
      this.#giveTurns();
    });
  }

  #giveTurns(): void {
    const end = performance.now() + longestTurnMs;
    for (const one of this.#line) {
      this.#line.delete(one);
      // A set is iterated in insertion order, including what is added meanwhile.
      one.takeTurn();
      if (performance.now() > end) break;
    }
    if (this.#line.size > 0) this.#plan();
  }
}
