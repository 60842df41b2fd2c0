const units = ["B", "kB", "MB", "GB", "TB"];

/** `512 B`, `12.3 MB`: decimal units, as docker shows them. */
export function showBytes(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 999.95 && unit < units.length - 1) {
    amount /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(amount) : amount.toFixed(1)} ${units[unit]}`;
}
