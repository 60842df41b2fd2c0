import { setTimeout as delay } from "node:timers/promises";

/** Limits the bytes per second of all connections of a fake upstream together. */
export class Throttle {
  bytesPerSecond = Number.POSITIVE_INFINITY;
  #freeAt = 0;

  /** Waits until this many bytes may be sent. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.bytesPerSecond === Number.POSITIVE_INFINITY) return;
    const now = performance.now();
    const start = Math.max(now, this.#freeAt);
    this.#freeAt = start + (bytes / this.bytesPerSecond) * 1000;
    if (start > now) await delay(start - now, undefined, { signal });
  }
}
