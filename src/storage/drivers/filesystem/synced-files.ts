import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { hasCode, isAbsence } from "./system-error.js";
import { stateOf } from "./version.js";

/** Makes a new file with this content, synced. */
export function writeSynced(path: string, content: Uint8Array): void {
  const file = openSync(path, "wx");
  try {
    for (let written = 0; written < content.length; ) written += writeSync(file, content, written);
    // A file without content is its name, which the sync of its folder makes durable.
    if (content.length > 0) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What a failed sync left unwritten reads well until the memory is needed, and the next sync would not tell. */
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

/** By the open file: whatever gets its name meanwhile is another one. */
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

/** What cannot be renamed away, since it is in another file system or is one, is removed where it lies. */
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
    // The folder that another file system is mounted at stays, empty.
    if (!hasCode(error, "EBUSY")) throw error;
  }
}

/**
 * Gives a file a name that nothing has yet. Where the file system has no hard links the name is taken by an empty file
 * first, which counts as absent or torn wherever a power cut leaves it.
 * @throws EEXIST if something has the name
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
