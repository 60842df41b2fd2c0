/** Dotless and dotted i have an upper or lower case, and fold to nothing (CaseFolding.txt, status T). */
const unfolded = ["ı", "İ"];

/**
 * A key as Go's encoding/json compares it with the names of a struct's fields: by Unicode simple folding, so that
 * `Layers`, `LAYERS` and `layerſ` are all `layers`.
 */
export function foldedKey(key: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  if (/^[\x00-\x7f]*$/.test(key)) return key.toLowerCase();
  return Array.from(wellFormed(key), foldedCharacter).join("");
}

/** An object with its keys as {@link foldedKey} makes them: of two that are the same then, the last one counts, as in Go. */
export function withFoldedKeys(json: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [foldedKey(key), value]));
}

/** A key as Go reads it: what is no character becomes the replacement character. */
export function wellFormed(key: string): string {
  return key.replace(/\p{Surrogate}/gu, "\uFFFD");
}

/** K (Kelvin) meets k by its lower case, ſ meets s by its upper case. */
function foldedCharacter(character: string): string {
  if (unfolded.includes(character)) return character;
  const upper = single(character, single(character, character.toLowerCase()).toUpperCase());
  return single(upper, upper.toLowerCase());
}

/** Simple folding knows no character that becomes several, as `ß` becomes `SS`. */
function single(before: string, after: string): string {
  return Array.from(after).length === 1 ? after : before;
}
