import { existsSync, mkdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "./system-error.js";

/*
 * Node reports any failure of `mkdir` with `recursive` as ENOENT, since it then looks for the folder: a read-only or
 * faulty disk would pass for an absent folder. The missing folders are then made one by one, for the true reason.
 */

/** Makes a folder and those above it. @returns the first one that was missing */
export function makeFolders(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return makeOneByOne(path);
  }
}

/** The same without waiting for the disk on the event loop, unless it fails. */
export async function makeFoldersAside(path: string): Promise<string | undefined> {
  try {
    return await mkdir(path, { recursive: true });
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return makeOneByOne(path);
  }
}

function makeOneByOne(path: string): string | undefined {
  const above = dirname(path);
  const first = existsSync(above) ? undefined : makeOneByOne(above);
  try {
    mkdirSync(path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    return first;
  }
  return first ?? path;
}
