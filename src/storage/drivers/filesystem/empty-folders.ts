import { rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { hasCode, isAbsence } from "./system-error.js";

/** What a folder says that holds something, or at which another file system is mounted. */
const stayingFolder = ["ENOTEMPTY", "EEXIST", "EBUSY"];

/** @returns whether it is gone */
export function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (stayingFolder.some((code) => hasCode(error, code))) return false;
    if (!isAbsence(error)) throw error;
  }
  return true;
}

/** Removes a folder, and those above it that lie below another, as far as they are empty. */
export function pruneFolders(lowest: string, below: string): void {
  for (let folder = lowest; folder.startsWith(`${below}/`); folder = dirname(folder)) {
    if (!removeIfEmpty(folder)) return;
  }
}
