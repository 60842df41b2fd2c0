import { setTimeout as delay, setImmediate } from "node:timers/promises";

/** Others wait no longer than this. */
const turnMs = 5;

/** Takes a part of the time for background work, and rests in between. */
export class WorkShare {
  readonly #share: number;
  readonly #stopped: AbortSignal;
  #sinceMs = performance.now();

  /** @param share from 0 to 1 */
  constructor(share: number, stopped: AbortSignal) {
    this.#share = share;
    this.#stopped = stopped;
  }

  /** Call it between two small steps. @throws the reason of the signal, once that is aborted */
  async rest(): Promise<void> {
    const workedMs = performance.now() - this.#sinceMs;
    if (workedMs < turnMs) return;
    this.#stopped.throwIfAborted();
    const restMs = workedMs * (1 / this.#share - 1);
    if (restMs < 1) await setImmediate();
    else await delay(restMs, undefined, { signal: this.#stopped });
    this.#sinceMs = performance.now();
  }
}
