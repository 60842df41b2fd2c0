const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes as docker shows them: powers of 1000, three digits. */
export function sizeText(bytes: number): string {
  const { value, unit } = sizeParts(bytes);
  return `${value} ${unit}`;
}

/** The number and its unit, for where they are set apart. */
export function sizeParts(bytes: number): { readonly value: string; readonly unit: string } {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return { value: unit === 0 ? String(value) : trimmed(value.toFixed(digitsOf(value))), unit: units[unit] ?? "B" };
}

/** A number with separators. */
export function countText(count: number): string {
  return count.toLocaleString("en-US");
}

/** A number with its noun. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${countText(count)} ${count === 1 ? noun : plural}`;
}

/** Digits behind the point, for three in all. */
function digitsOf(value: number): number {
  if (value >= 99.95) return 0;
  return value >= 9.995 ? 1 : 2;
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}
