import { setImmediate } from "node:timers/promises";

/** Requests that arrive meanwhile wait no longer than this. */
const turnMs = 5;

/** Lets other work run now and then during a walk whose steps hardly ever wait. */
export class EventLoopBreaks {
  #since = performance.now();

  /** Call it between two steps. */
  async take(): Promise<void> {
    if (performance.now() - this.#since < turnMs) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
