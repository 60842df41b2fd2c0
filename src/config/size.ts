const pattern = /^(\d+(?:\.\d+)?) ?(?:([kmgt]?)(i?)b)?$/i;
const powers = ["", "k", "m", "g", "t"];

/**
 * Bytes of a text such as `4MiB` (1024 x 1024), `64KB` (1000) or `512`; `undefined` if it is no size. The package
 * `bytes` would take KB for 1024.
 */
export function parseSize(text: string): number | undefined {
  const [, amount, prefix = "", binary = ""] = pattern.exec(text) ?? [];
  if (amount === undefined || (binary !== "" && prefix === "")) return undefined;
  const base = binary === "" ? 1000 : 1024;
  const total = Math.round(Number(amount) * base ** powers.indexOf(prefix.toLowerCase()));
  return Number.isSafeInteger(total) ? total : undefined;
}
