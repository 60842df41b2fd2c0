import { copyFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { DurableFolders } from "./durable-folders.js";
import { pruneFolders, removeIfEmpty } from "./empty-folders.js";
import { clear, moveAway, nameIfFree, syncContent, unlinkIfThere, writeSynced } from "./synced-files.js";
import { hasCode, isAbsence } from "./system-error.js";

const foldersMadeAtMost = 5;

/** One thing to do on the disk. */
export type DiskStep =
  /** Makes a new file with this content, synced. The content's memory is given away. */
  | { readonly kind: "write"; readonly path: string; readonly content: Uint8Array<ArrayBuffer> }
  /** Syncs the content of a file that is there; where that fails, the file is emptied. */
  | { readonly kind: "sync"; readonly path: string }
  /**
   * Gives a file another name, replacing what has it, and makes the folders that it needs.
   * `aside` is a free path near `to`, for the bytes if they have to be copied, or for a folder that has the name.
   */
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly aside: string }
  /** The same, but fails with EEXIST if something has the name. */
  | { readonly kind: "rename-if-free"; readonly from: string; readonly to: string; readonly aside: string }
  | { readonly kind: "make-folder"; readonly path: string }
  /** Removes a file, if it is there. */
  | { readonly kind: "unlink"; readonly path: string }
  /** Empties a file, if it is there and was neither changed nor replaced. */
  | { readonly kind: "clear"; readonly path: string; readonly version: string }
  /** Takes a file or folder out of its place, if it is there; where it goes need not survive. */
  | { readonly kind: "move-away"; readonly from: string; readonly to: string }
  /** Moves a file, replacing what lies there, and removes its folder if that is empty then. */
  | { readonly kind: "move"; readonly from: string; readonly to: string; readonly aside: string }
  /** Removes a file, if it is there, and its folder, if that is empty then and not one to keep; not durable. */
  | { readonly kind: "discard"; readonly path: string; readonly keptFolders: readonly string[] }
  /** Removes a folder, and those above it below another, as far as they are empty; not durable. */
  | { readonly kind: "prune"; readonly folder: string; readonly below: string };

/** Memory that is handed over to another thread instead of copied. */
export function contentsOf(steps: readonly DiskStep[]): ArrayBuffer[] {
  return steps.flatMap((step) => (step.kind === "write" ? [step.content.buffer] : []));
}

/** Does one step. It is durable when the folders are synced. */
export function performStep(step: DiskStep, folders: DurableFolders): void {
  switch (step.kind) {
    case "write":
      folders.make(dirname(step.path));
      writeSynced(step.path, step.content);
      break;
    case "sync":
      syncContent(step.path);
      break;
    case "rename":
      nameInFolder(step, folders, renameOrCopy);
      break;
    case "rename-if-free":
      nameInFolder(step, folders, ({ from, to }) => nameIfFree(from, to));
      break;
    case "make-folder":
      folders.make(step.path);
      break;
    case "unlink":
      unlinkIfThere(step.path);
      folders.noteChange(dirname(step.path));
      break;
    case "clear":
      clear(step.path, step.version);
      break;
    case "move-away":
      folders.make(dirname(step.to));
      moveAway(step.from, step.to);
      folders.noteChange(dirname(step.from));
      break;
    case "move":
      nameInFolder(step, folders, renameOrCopy);
      folders.noteChange(dirname(step.from));
      removeIfEmpty(dirname(step.from));
      break;
    case "discard":
      unlinkIfThere(step.path);
      if (!step.keptFolders.includes(dirname(step.path))) removeIfEmpty(dirname(step.path));
      break;
    case "prune":
      pruneFolders(step.folder, step.below);
  }
}

interface Renaming {
  readonly from: string;
  readonly to: string;
  readonly aside: string;
}

/** An empty folder may be removed by somebody else between its making and its use: then it is made once more. */
function nameInFolder(
  renaming: Renaming,
  folders: DurableFolders,
  name: (renaming: Renaming, folders: DurableFolders) => void,
): void {
  for (let attempt = 1; ; attempt++) {
    folders.make(dirname(renaming.to));
    try {
      name(renaming, folders);
      break;
    } catch (error) {
      if (attempt === foldersMadeAtMost || !isAbsence(error)) throw error;
    }
  }
  folders.noteChange(dirname(renaming.to));
}

function renameOrCopy(renaming: Renaming, folders: DurableFolders): void {
  const { from, to, aside } = renaming;
  try {
    renameSync(from, to);
  } catch (error) {
    if (!hasCode(error, "EXDEV") && !hasCode(error, "EISDIR")) throw error;
    folders.make(dirname(aside));
    if (hasCode(error, "EXDEV")) {
      copyInto(renaming);
      return;
    }
    // A folder that somebody made where a file belongs: a push heals that, too.
    renameSync(to, aside);
    renameSync(from, to);
  }
}

/**
 * The last resort where `from` lies in another file system: a copy is synced near `to`, and named. Near is the place for
 * what is unfinished, and where even that is apart, as with a volume for one repository, the folder of `to` itself.
 */
function copyInto({ from, to, aside }: Renaming): void {
  const copies = [aside, `${to}.${basename(aside)}`];
  for (const copy of copies) {
    try {
      copyFileSync(from, copy);
      syncContent(copy);
      renameSync(copy, to);
      unlinkIfThere(from);
      return;
    } catch (error) {
      rmSync(copy, { force: true });
      if (!hasCode(error, "EXDEV") || copy !== aside) throw error;
    }
  }
}
