import type { Stats } from "node:fs";

/** Twice the coarsest clock tick that Linux stamps files with (10 ms): a second change within it may look like none. */
const settledAfterMs = 20;

/** Tells a file or folder from what it was before a change; `undefined` if it changed too recently to be sure. */
export function versionOf(stat: Stats): string | undefined {
  return Date.now() - stat.ctimeMs < settledAfterMs ? undefined : stateOf(stat);
}

/** Tells a file from what it was before a change that is not too recent. */
export function stateOf(stat: Stats): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
}
