import { closeSync, existsSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolders } from "./make-folders.js";
import { hasCode, isAbsence } from "./system-error.js";

/** If a process writes to more folders, it forgets some, and syncs them once more than needed. */
const remembered = 100_000;

/**
 * Makes names survive a power failure: a name is durable only when its folder is synced, and so is the name of each
 * folder above. A folder that another process has just created may not be: it is synced once before it is relied on.
 * Folders above the root belong to the operator, and need not even be readable.
 */
export class DurableFolders {
  readonly #root: string;
  readonly #syncFolder: (path: string) => void;
  /** Folders whose own names are durable. Syncing the names in a folder does not make its own name durable. */
  readonly #known = new Set<string>();
  readonly #changed = new Set<string>();

  constructor(root: string, syncFolder: (path: string) => void = syncNames) {
    this.#root = root;
    this.#syncFolder = syncFolder;
  }

  /** Call it when a name in the folder was created, changed or deleted. */
  noteChange(folder: string): void {
    this.#changed.add(folder);
  }

  make(folder: string): void {
    if (this.#known.has(folder) && existsSync(folder)) return;
    const firstMade = makeFolders(folder);
    for (let above = dirname(folder); ; above = dirname(above)) {
      this.#changed.add(above);
      const isOld = firstMade === undefined || above.length < firstMade.length;
      if (isOld && (this.#known.has(above) || above.length <= this.#root.length)) break;
      // Known after the next sync; if that fails, everything is forgotten.
      this.#known.add(above);
    }
    this.#known.add(folder);
  }

  /**
   * Syncs everything that changed since the last call, upper folders first: other processes change those too, so a late
   * sync of one makes the journal write again, while an early one includes what is below.
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
      // A folder that was deleted meanwhile contains no names that could be lost.
      if (!isAbsence(error)) throw error;
    }
  }

  /** After a failure, nothing is certain any more. */
  forget(): void {
    this.#known.clear();
    this.#changed.clear();
  }
}

/** Error codes of file systems that cannot sync folders: SMB, exFAT, FUSE and 9p differ. */
const unknownSync = ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EBADF", "EISDIR"];

/** Syncs the names in a folder. @returns whether the file system supports that */
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
