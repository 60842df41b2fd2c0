import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { hasCode, isAbsence } from "./system-error.js";

/** A process that writes to more folders than this forgets, and syncs some once more than needed. */
const remembered = 100_000;

/**
 * Makes names survive a power cut: a name is safe only when the folder that holds it is synced, and so is the name of
 * each folder above. A folder that somebody else has just made may not be: it is synced once before it is relied on.
 * What lies above the root is the operator's, and need not even be readable.
 */
export class DurableFolders {
  readonly #root: string;
  readonly #syncFolder: (path: string) => void;
  /** Folders whose own names are safe. That the names in a folder were synced does not tell it of the folder. */
  readonly #known = new Set<string>();
  readonly #changed = new Set<string>();

  constructor(root: string, syncFolder: (path: string) => void = syncNames) {
    this.#root = root;
    this.#syncFolder = syncFolder;
  }

  /** To be called when a name in the folder came, changed or went. */
  noteChange(folder: string): void {
    this.#changed.add(folder);
  }

  make(folder: string): void {
    if (this.#known.has(folder) && existsSync(folder)) return;
    const firstMade = mkdirSync(folder, { recursive: true });
    for (let above = dirname(folder); ; above = dirname(above)) {
      this.#changed.add(above);
      const isOld = firstMade === undefined || above.length < firstMade.length;
      if (isOld && (this.#known.has(above) || above.length <= this.#root.length)) break;
      // Known with the next sync; a failure of that makes all forgotten.
      this.#known.add(above);
    }
    this.#known.add(folder);
  }

  /**
   * Syncs all that changed since the last time, upper folders first: others change those, too, so that a late sync of
   * one makes the journal write anew, while an early one takes along what lies below.
   */
  sync(): void {
    for (const folder of [...this.#changed].sort((one, other) => one.length - other.length)) this.#sync(folder);
    this.#changed.clear();
    if (this.#known.size > remembered) this.#known.clear();
  }

  #sync(folder: string): void {
    try {
      this.#syncFolder(folder);
    } catch (error) {
      // A folder that somebody removed meanwhile holds no names that could be lost.
      if (!isAbsence(error)) throw error;
    }
  }

  /** After a failure nothing is sure any more. */
  forget(): void {
    this.#known.clear();
    this.#changed.clear();
  }
}

/** How file systems say that folders are nothing to sync: SMB, exFAT, FUSE and 9p each in their own way. */
const unknownSync = ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EBADF", "EISDIR"];

/** Syncs the names in a folder. @returns whether the file system knows how to */
export function syncNames(folder: string): boolean {
  const opened = openSync(folder, "r");
  try {
    fsyncSync(opened);
    return true;
  } catch (error) {
    if (unknownSync.some((code) => hasCode(error, code))) return false;
    throw error;
  } finally {
    closeSync(opened);
  }
}
