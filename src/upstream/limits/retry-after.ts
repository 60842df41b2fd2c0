const datePattern = /^[A-Za-z]{3,9},? /;

/**
 * Milliseconds that a `Retry-After` asks to wait, at most `maxMs`; `undefined` if it is missing or invalid
 * (RFC 9110, "Retry-After").
 * @param now since 1970
 */
export function parseRetryAfter(value: string | undefined, now: number, maxMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Math.min(maxMs, Number(text) * 1000);
  const date = datePattern.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(maxMs, Math.max(0, date - now));
}
