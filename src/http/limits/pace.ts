import { setTimeout } from "node:timers/promises";
import type { Exchange } from "../exchange.js";

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
export function paced(exchange: Exchange, bytes: number): Promise<void> | undefined {
  if (exchange.accounts.length === 0) return undefined;
  const now = performance.now();
  for (const account of exchange.accounts) account.countBytes(bytes, now);
  return delayOf(exchange, now) === 0 ? undefined : sleep(exchange);
}

/** Maximum size of one piece in bytes. */
export function largestPiece({ accounts }: Exchange): number {
  let largest = Infinity;
  for (const { limits } of accounts) {
    if (limits.bandwidth !== undefined) largest = Math.min(largest, Math.floor(limits.bandwidth / piecesPerSecond));
  }
  return Math.max(smallestPiece, largest);
}

async function sleep(exchange: Exchange): Promise<void> {
  const { signal } = exchange;
  for (let now = performance.now(); delayOf(exchange, now) > 0; now = performance.now()) {
    await setTimeout(Math.min(longestSleepMs, delayOf(exchange, now)), undefined, { signal, ref: false });
  }
}

function delayOf({ accounts }: Exchange, now: number): number {
  let longest = 0;
  for (const account of accounts) longest = Math.max(longest, account.byteDelayMs(now));
  return longest;
}
