import { rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { hasCode, isAbsence } from "./system-error.js";

/** Error codes for a folder that is not empty, or a mount point. */
const stayingFolder = ["ENOTEMPTY", "EEXIST", "EBUSY"];

/** @returns whether it was removed */
export function removeIfEmpty(folder: string): boolean {
  try {
    rmdirSync(folder);
  } catch (error) {
    if (stayingFolder.some((code) => hasCode(error, code))) return false;
    if (!isAbsence(error)) throw error;
  }
  return true;
}

/** Removes a folder, and those above it up to another one, as far as they are empty. */
export function pruneFolders(lowest: string, below: string): void {
  for (let folder = lowest; folder.startsWith(`${below}/`); folder = dirname(folder)) {
    if (!removeIfEmpty(folder)) return;
  }
}
