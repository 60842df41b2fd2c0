const bytesPattern = /^(\d+)(?: ?B)?$/i;
const multiplePattern = /^(\d+(?:\.\d+)?) ?([KMGT])(i?)B$/i;
const prefixes = ["", "k", "m", "g", "t"];

/**
 * Bytes of a text such as `4MiB` (1024 x 1024), `64KB` (1000) or `512`; `undefined` if it is not a size. The package
 * `bytes` would read KB as 1024.
 */
export function parseSize(text: string): number | undefined {
  const [, multiple, prefix = "", binary] = multiplePattern.exec(text) ?? [];
  const unit = (binary ? 1024 : 1000) ** prefixes.indexOf(prefix.toLowerCase());
  const amount = multiple ?? bytesPattern.exec(text)?.[1];
  const total = Math.round(Number(amount) * unit);
  return Number.isSafeInteger(total) ? total : undefined;
}
