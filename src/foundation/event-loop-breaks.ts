import { setImmediate } from "node:timers/promises";

/** Lets everything run that can: one turn of the event loop. Call it between two steps that each take milliseconds. */
export function nextTurn(): Promise<void> {
  return setImmediate();
}

/** Requests that arrive meanwhile wait no longer than this. */
const turnMs = 5;

/** Lets other work run now and then during a walk whose steps hardly ever wait. */
export class EventLoopBreaks {
  #since = performance.now();

  /** Call it between two steps. */
  async take(): Promise<void> {
    if (performance.now() - this.#since < turnMs) return;
    await nextTurn();
    this.#since = performance.now();
  }
}
