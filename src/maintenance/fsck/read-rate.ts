import { setTimeout as delay } from "node:timers/promises";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";

/** Shorter waits are saved up. */
const shortestWaitMs = 20;

/** Bounds how fast a check reads, and lets other work run in between. */
export class ReadRate {
  readonly #bytesPerMs: number;
  readonly #stopped: AbortSignal;
  readonly #breaks = new EventLoopBreaks();
  #dueMs = performance.now();

  /** @param bytesPerSecond `undefined`: as fast as the disk */
  constructor(bytesPerSecond: number | undefined, stopped: AbortSignal) {
    this.#bytesPerMs = (bytesPerSecond ?? Number.POSITIVE_INFINITY) / 1000;
    this.#stopped = stopped;
  }

  /** Call it after reading. @throws the reason of the signal, once that is aborted */
  async take(bytes: number): Promise<void> {
    this.#stopped.throwIfAborted();
    // What was not used is not saved up.
    this.#dueMs = Math.max(this.#dueMs, performance.now()) + bytes / this.#bytesPerMs;
    const waitMs = this.#dueMs - performance.now();
    if (waitMs > shortestWaitMs) await delay(waitMs, undefined, { signal: this.#stopped });
    else await this.#breaks.take();
  }
}
