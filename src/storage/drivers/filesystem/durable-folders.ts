import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

/** A process that writes to more folders than this forgets, and syncs some once more than needed. */
const remembered = 100_000;

/**
 * Makes names survive a power cut: a name is safe only when the folder that holds it is synced, and so is the name of
 * each folder above. A folder that somebody else has just made may not be: it is synced once before it is relied on.
 */
export class DurableFolders {
  readonly #known = new Set<string>();
  readonly #changed = new Set<string>();

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
      if ((isOld && this.#known.has(above)) || above === dirname(above)) break;
    }
    this.#known.add(folder);
  }

  /** Syncs all that changed since the last time. */
  sync(): void {
    for (const folder of this.#changed) {
      // A folder that somebody removed meanwhile holds no names that could be lost.
      if (existsSync(folder)) syncPath(folder);
      this.#known.add(folder);
    }
    this.#changed.clear();
    if (this.#known.size > remembered) this.#known.clear();
  }

  /** After a failure nothing is sure any more. */
  forget(): void {
    this.#known.clear();
    this.#changed.clear();
  }
}

/** Syncs a file's content or a folder's names. */
export function syncPath(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
