import type { Stats } from "node:fs";

/** Twice the coarsest clock tick of Linux's file times (10 ms): a second change within it may be invisible. */
const settledAfterMs = 20;

/** Changes with every change of a file or folder; `undefined` if it changed too recently to be sure. */
export function versionOf(stat: Stats): string | undefined {
  return Date.now() - stat.ctimeMs < settledAfterMs ? undefined : stateOf(stat);
}

/** Changes with every change of a file that is not too recent. */
export function stateOf(stat: Stats): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
}
