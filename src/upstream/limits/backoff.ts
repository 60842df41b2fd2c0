const longestMs = 5_000;

/**
 * How long to wait before another attempt: twice as long each time, and half of it random, so that many clients do
 * not come back at once.
 * @param attempt how many have failed
 * @param random between 0 and 1
 */
export function backoffMs(attempt: number, firstMs: number, random: number): number {
  const ms = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
  return ms / 2 + (ms / 2) * random;
}
