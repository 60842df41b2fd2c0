import type { Connection } from "./connection.js";

/** So long the event loop is kept with requests that waited, before it looks for what others have sent. */
const longestTurnMs = 5;

/**
 * Whose turn it is among the connections that have requests waiting: each begins with one, and goes behind the others if
 * it has more. A client that sends thousands of requests at once, all of which are read together, keeps nobody else
 * waiting for longer than one turn.
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
      // A set is gone through in the order of adding, what is added meanwhile included.
      if (connection.beginNext()) this.#line.add(connection);
      if (performance.now() > end) break;
    }
    if (this.#line.size > 0) this.#plan();
  }
}
