import { nextTurn } from "./event-loop-breaks.js";

/** This many names are sorted, or merged, in a few milliseconds. */
const namesATurn = 8_192;

/**
 * Sorts names in code unit order, as `sort` does, and lets other work run in between: a hundred thousand tags would keep the
 * event loop for more than a tenth of a second.
 */
export async function sortedInTurns(names: readonly string[]): Promise<readonly string[]> {
  // As `readdir` returns them on Linux: libuv sorts by bytes, which is the same for almost all names.
  if (await areSorted(names)) return names;
  let runs: string[][] = [];
  for (let start = 0; start < names.length; start += namesATurn) {
    if (start > 0) await nextTurn();
    runs.push(names.slice(start, start + namesATurn).sort());
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(await mergedInTurns(runs[index] ?? [], runs[index + 1] ?? []));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function areSorted(names: readonly string[]): Promise<boolean> {
  let last = "";
  for (const [index, name] of names.entries()) {
    if (name < last) return false;
    last = name;
    if (index % namesATurn === namesATurn - 1) await nextTurn();
  }
  return true;
}

async function mergedInTurns(ones: readonly string[], others: readonly string[]): Promise<string[]> {
  const merged: string[] = [];
  let other = 0;
  for (const one of ones) {
    for (let next = others[other]; next !== undefined && next < one; next = others[++other]) merged.push(next);
    merged.push(one);
    if (merged.length % namesATurn === 0) await nextTurn();
  }
  return other < others.length ? merged.concat(others.slice(other)) : merged;
}
