const pattern = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const unitsInMilliseconds = [86_400_000, 3_600_000, 60_000, 1_000, 1];

/** Milliseconds of a text such as `7d`, `1h30m` or `250ms`; `undefined` if it is not a duration. */
export function parseDuration(text: string): number | undefined {
  const amounts = pattern.exec(text)?.slice(1);
  if (amounts === undefined || text === "") return undefined;
  const total = unitsInMilliseconds.reduce((sum, unit, index) => sum + Number(amounts[index] ?? 0) * unit, 0);
  return Number.isSafeInteger(total) ? total : undefined;
}
