import { sortedInTurns } from "./sorted-in-turns.js";

/** Ranks of what may follow in a version: `1.0-rc1` is older than `1.0`, and `1.0.1` newer. */
const ranks = { "-": "\x01", end: "\x02", ".": "\x03", number: "\x04" } as const;

const isVersion = /^v?[0-9]/;

/**
 * A text whose code unit order is the natural order: numbers by their value, and a word after a hyphen before nothing
 * at all. A leading `v` does not count.
 */
export function naturalKey(text: string): string {
  let key = "";
  for (let at = /^v[0-9]/.test(text) ? 1 : 0; at < text.length; ) {
    const end = endOfDigits(text, at);
    const character = text[at] ?? "";
    if (end > at) key += numberKey(text.slice(at, end));
    else key += character === "-" || character === "." ? ranks[character] : character;
    at = Math.max(end, at + 1);
  }
  return key + ranks.end;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (text.charCodeAt(end) >= 0x30 && text.charCodeAt(end) <= 0x39) end++;
  return end;
}

/** Versions in natural order, and then words; large lists are sorted in turns with other work. */
export async function inNaturalOrder(texts: readonly string[]): Promise<{ versions: string[]; words: string[] }> {
  const sorted = async (some: readonly string[]) => {
    // No key contains a zero byte, and no two texts have the same one with the text behind it.
    const keyed = await sortedInTurns(some.map((text) => `${naturalKey(text)}\0${text}`));
    return keyed.map((text) => text.slice(text.indexOf("\0") + 1));
  };
  return {
    versions: await sorted(texts.filter((text) => isVersion.test(text))),
    words: await sorted(texts.filter((text) => !isVersion.test(text))),
  };
}

/** A longer number is larger, and among those of the same length the order of digits decides. */
function numberKey(digits: string): string {
  const significant = digits.replace(/^0+(?=.)/, "");
  return `${ranks.number}${String.fromCharCode(0x100 + significant.length)}${significant}`;
}
