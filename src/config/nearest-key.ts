import { distance } from "fastest-levenshtein";

/**
 * What an unknown word most likely means: the candidate that needs the fewest changes, or `undefined` if none is near.
 * Case and separators do not count.
 */
export function findNearest(word: string, candidates: readonly string[]): string | undefined {
  const plainWord = plain(word);
  let best: string | undefined;
  let fewest = Math.max(plainWord.length > 3 ? 2 : 1, Math.floor(plainWord.length / 3)) + 1;
  for (const candidate of candidates) {
    const changes = changesBetween(plainWord, plain(candidate));
    if (changes >= fewest) continue;
    fewest = changes;
    best = candidate;
  }
  return best;
}

/** Counts swapped letters, such as `ulr`, as one change. */
function changesBetween(word: string, candidate: string): number {
  return word !== candidate && inOrder(word) === inOrder(candidate) ? 1 : distance(word, candidate);
}

function inOrder(word: string): string {
  return [...word].sort().join("");
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, "");
}
