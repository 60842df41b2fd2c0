import { setTimeout as delay } from "node:timers/promises";
import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";

/** Shorter waits are saved up. */
const shortestWaitMs = 20;

/** Opening a small blob costs as much as reading this, and looking at a link a part of it. */
const leastBytes = 64 * 1024;
const bytesOfLook = 8 * 1024;

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

  /** Call it after reading, or with 0 after another look. @throws the reason of the signal, once that is aborted */
  async take(bytes: number): Promise<void> {
    this.#stopped.throwIfAborted();
    // What was not used is not saved up.
    this.#dueMs = Math.max(this.#dueMs, performance.now()) + costOf(bytes) / this.#bytesPerMs;
    const waitMs = this.#dueMs - performance.now();
    if (waitMs > shortestWaitMs) await delay(waitMs, undefined, { signal: this.#stopped });
    else await this.#breaks.take();
  }
}

function costOf(bytes: number): number {
  return bytes === 0 ? bytesOfLook : Math.max(bytes, leastBytes);
}
