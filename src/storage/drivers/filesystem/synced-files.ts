import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hasCode, isAbsence } from "./system-error.js";
import { stateOf } from "./version.js";

/** Makes a new file with this content, synced. */
export function writeSynced(path: string, content: Uint8Array): void {
  const file = openSync(path, "wx");
  try {
    for (let written = 0; written < content.length; ) written += writeSync(file, content, written);
    // A file without content is only its name, and the sync of its folder makes that durable.
    if (content.length > 0) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Makes a file with this content at its place, without a sync.
 * @returns `false` if something else is there
 */
export function createUnlessSame(path: string, content: Uint8Array): boolean {
  try {
    writeFileSync(path, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isFile() !== true || found.size !== content.length) return false;
    return content.length === 0 || readFileSync(path).equals(content);
  }
}

/**
 * After a failed sync the unwritten content is readable until its memory is reclaimed, and the next sync would not
 * report it.
 */
export function syncContent(path: string): void {
  const file = openSync(path, "r+");
  try {
    fsyncSync(file);
  } catch (error) {
    ftruncateSync(file);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Works on the open file: a file that takes its name meanwhile is a different one. */
export function clear(path: string, version: string): void {
  const file = openSync(path, "r+");
  try {
    if (stateOf(fstatSync(file)) !== version) return;
    ftruncateSync(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

/** What cannot be renamed away, because it is on another file system or is a mount point, is removed in place. */
export function moveAway(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (isAbsence(error)) return;
    if (!hasCode(error, "EXDEV") && !hasCode(error, "EBUSY")) throw error;
    removeAll(from);
  }
}

function removeAll(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    // A folder that is a mount point remains, empty.
    if (!hasCode(error, "EBUSY")) throw error;
  }
}

/**
 * Gives a file a name that is not taken. On a file system without hard links, an empty file takes the name first; if a
 * power failure leaves that behind, it counts as absent or torn.
 * @throws EEXIST if the name is taken
 */
export function nameIfFree(from: string, to: string): void {
  try {
    linkSync(from, to);
    unlinkSync(from);
  } catch (error) {
    if (!unknownLink.some((code) => hasCode(error, code))) throw error;
    closeSync(openSync(to, "wx"));
    renameSync(from, to);
  }
}

const unknownLink = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];
