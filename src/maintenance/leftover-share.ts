import { setTimeout as delay } from "node:timers/promises";

/** Others wait no longer than this. */
const turnMs = 5;

/**
 * Of the most that it may take, so that background work goes on beside clients who never rest. Threads work for it, too:
 * those that read the disk and collect garbage of the heap use as much again, which no loop of events shows.
 */
const leastLeft = 0.1;

/** A step that takes longer has waited for a distant storage rather than worked, and others could work meanwhile. */
const longestWorkMs = 100;

/** Takes a part of the time that clients leave on the event loop: less of it, the more they ask. */
export class LeftoverShare {
  readonly #most: number;
  readonly #stopped: AbortSignal;
  #sinceMs = performance.now();
  /** The part of the last rest in which others worked. */
  #others = 0;

  /** @param most the part of the time while nobody else works, from 0 to 1 */
  constructor(most: number, stopped: AbortSignal) {
    this.#most = most;
    this.#stopped = stopped;
  }

  /** Call it between two small steps. @throws the reason of the signal, once that is aborted */
  async rest(): Promise<void> {
    const workedMs = performance.now() - this.#sinceMs;
    if (workedMs < turnMs) return;
    this.#stopped.throwIfAborted();
    const before = performance.eventLoopUtilization();
    await delay(restMsOf(workedMs, this.#most, this.#others), undefined, { signal: this.#stopped });
    this.#others = performance.eventLoopUtilization(before).utilization;
    this.#sinceMs = performance.now();
  }
}

/**
 * @param most the part of the time that work may take beside others who rest
 * @param others the part of the time that others take
 */
export function restMsOf(workedMs: number, most: number, others: number): number {
  const share = most * Math.max(1 - others, leastLeft);
  return Math.min(workedMs, longestWorkMs) * (1 / share - 1);
}
