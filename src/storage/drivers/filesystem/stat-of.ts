import { type Stats, statSync } from "node:fs";
import { isAbsence } from "./system-error.js";

/** What is known of a path; `undefined` if nothing lies there, be it because a file stands where it needs a folder. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // `throwIfNoEntry` is about ENOENT only.
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
