import { setTimeout } from "node:timers/promises";
import type { Exchange } from "../exchange.js";

/** Timers are no more precise: a shorter wait is added to the next one. */
const shortestSleepMs = 1;

/** A change of the limits is noticed after this time at the latest. */
const longestSleepMs = 500;

/** At least this many pieces per second are sent, so that a slow transfer does not look stalled. */
const piecesPerSecond = 4;
const smallestPiece = 4 * 1024;

/**
 * Counts bytes of a blob that are sent or received, and waits as long as the client's bandwidth requires.
 * @returns `undefined` if nothing has to wait
 * @throws AbortError if the client disconnects meanwhile
 */
export function throttled(exchange: Exchange, bytes: number): Promise<void> | undefined {
  if (exchange.accounts.length === 0) return undefined;
  const now = performance.now();
  countAt(now, exchange, bytes);
  return delayOf(exchange, now) < shortestSleepMs ? undefined : sleep(exchange);
}

/**
 * Waits until the client's bandwidth has made up for all bytes counted before. For content that is sent or received
 * whole, such as a manifest: it must not wait for its own bytes too, since clients give up on a response that does not
 * begin.
 * @returns `undefined` if nothing has to wait
 * @throws AbortError if the client disconnects meanwhile
 */
export function afterCounted(exchange: Exchange): Promise<void> | undefined {
  if (exchange.accounts.length === 0 || delayOf(exchange, performance.now()) < shortestSleepMs) return undefined;
  return sleep(exchange);
}

/** Counts bytes that are sent or received without a pause; what comes after them waits. */
export function countBytes(exchange: Exchange, bytes: number): void {
  if (exchange.accounts.length > 0) countAt(performance.now(), exchange, bytes);
}

/** Maximum size of one piece in bytes. */
export function largestPiece({ accounts }: Exchange): number {
  let largest = Infinity;
  for (const { limits } of accounts) {
    if (limits.bandwidth !== undefined) largest = Math.min(largest, Math.floor(limits.bandwidth / piecesPerSecond));
  }
  return Math.max(smallestPiece, largest);
}

function countAt(now: number, { accounts }: Exchange, bytes: number): void {
  for (const account of accounts) account.countBytes(bytes, now);
}

async function sleep(exchange: Exchange): Promise<void> {
  const { signal } = exchange;
  for (let now = performance.now(); delayOf(exchange, now) >= shortestSleepMs; now = performance.now()) {
    await setTimeout(Math.min(longestSleepMs, delayOf(exchange, now)), undefined, { signal, ref: false });
  }
}

function delayOf({ accounts }: Exchange, now: number): number {
  let longest = 0;
  for (const account of accounts) longest = Math.max(longest, account.byteDelayMs(now));
  return longest;
}
