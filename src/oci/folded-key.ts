/** Dotless and dotted i have a case, but no simple folding (CaseFolding.txt, status T). */
const unfolded = ["ı", "İ"];

/**
 * Folds a key as Go's encoding/json does when it matches struct fields: by Unicode simple folding, so that `Layers`,
 * `LAYERS` and `layerſ` are all `layers`.
 */
export function foldedKey(key: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: matches all of ASCII
  if (/^[\x00-\x7f]*$/.test(key)) return key.toLowerCase();
  return Array.from(wellFormed(key), foldedCharacter).join("");
}

/** An object with its keys as {@link foldedKey} makes them; if two become equal, the last one counts, as in Go. */
export function withFoldedKeys(json: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [foldedKey(key), value]));
}

/** A key as Go reads it: invalid characters become the replacement character. */
export function wellFormed(key: string): string {
  return key.replace(/\p{Surrogate}/gu, "\uFFFD");
}

/** K (Kelvin) and k share a lower case, ſ and s an upper case. */
function foldedCharacter(character: string): string {
  if (unfolded.includes(character)) return character;
  const upper = single(character, single(character, character.toLowerCase()).toUpperCase());
  return single(upper, upper.toLowerCase());
}

/** Simple folding never turns one character into several, as `ß` becomes `SS`. */
function single(before: string, after: string): string {
  return Array.from(after).length === 1 ? after : before;
}
