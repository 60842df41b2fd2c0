const longestMs = 5_000;

/**
 * How long to wait before another attempt: twice as long each time, and half of it random, so that clients do not all
 * return at once.
 * @param attempt the number of failed attempts
 * @param random between 0 and 1
 */
export function backoffMs(attempt: number, firstMs: number, random: number): number {
  const ms = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
  return ms / 2 + (ms / 2) * random;
}
