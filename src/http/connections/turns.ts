import type { Connection } from "./connection.js";

/** How long waiting requests may occupy the event loop before it handles what others have sent. */
const longestTurnMs = 1;

/**
 * Gives connections with waiting requests their turns: each begins one, and goes to the end of the line if it has more.
 * A client that sends thousands of requests at once, which are all read together, keeps no one waiting for longer than
 * one turn.
 */
export class Turns {
  readonly #line = new Set<Connection>();
  #isPlanned = false;

  ask(connection: Connection): void {
    this.#line.add(connection);
    this.#plan();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#giveTurns();
    });
  }

  #giveTurns(): void {
    const end = performance.now() + longestTurnMs;
    for (const connection of this.#line) {
      this.#line.delete(connection);
      // A set is iterated in insertion order, including what is added meanwhile.
      if (connection.beginNext()) this.#line.add(connection);
      if (performance.now() > end) break;
    }
    if (this.#line.size > 0) this.#plan();
  }
}
