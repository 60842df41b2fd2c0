import { linkSync, readlinkSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolders } from "./make-folders.js";
import { unlinkIfThere } from "./synced-files.js";
import { hasCode } from "./system-error.js";

/** The file of a lock, and the owner to write there. */
export interface LockFile {
  readonly path: string;
  readonly owner: string;
  /** The link of which the lock file is a second name. */
  readonly ownName: string;
}

/** The code of the error if another owner has the lock file. */
export const lockIsHeld = "ELOCKED";

/** The code of the error if another owner took the lock over meanwhile. */
export const lockWasLost = "ELOCKLOST";

/**
 * Takes the lock as `FileLocks` does, but in the thread that makes the change: that saves several switches between
 * threads, and holds it for the time of a few system calls.
 */
export function whileLocked(lock: LockFile, action: () => void): void {
  take(lock);
  try {
    action();
  } finally {
    release(lock);
  }
}

function take(lock: LockFile): void {
  try {
    linkSync(lock.ownName, lock.path);
  } catch (error) {
    if (hasCode(error, "EEXIST")) throw heldError();
    makeOwnFile(lock);
  }
}

/** Where a second name cannot be had, as in `OwnName`. */
function makeOwnFile({ path, owner }: LockFile): void {
  try {
    makeFolders(dirname(path));
    symlinkSync(owner, path);
  } catch (error) {
    throw hasCode(error, "EEXIST") ? heldError() : error;
  }
}

function heldError(): Error {
  return Object.assign(new Error("the lock is held"), { code: lockIsHeld });
}

/** A process on another machine takes over a lock that it considers abandoned. */
function release({ path, owner }: LockFile): void {
  if (ownerOf(path) !== owner) throw Object.assign(new Error("the lock was lost"), { code: lockWasLost });
  unlinkIfThere(path);
}

function ownerOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
