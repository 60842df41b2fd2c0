import { copyFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type LockFile, whileLocked } from "./disk-lock.js";
import type { DurableFolders } from "./durable-folders.js";
import { pruneFolders, removeIfEmpty } from "./empty-folders.js";
import { makeFolders } from "./make-folders.js";
import {
  clear,
  createUnlessSame,
  moveAway,
  nameIfFree,
  syncContent,
  unlinkIfThere,
  writeSynced,
} from "./synced-files.js";
import { hasCode, isAbsence } from "./system-error.js";

const foldersMadeAtMost = 5;

/** One thing to do on the disk. */
export type DiskStep =
  /** Makes a new file with this content, synced. The content's memory is transferred. */
  | { readonly kind: "write"; readonly path: string; readonly content: Uint8Array<ArrayBuffer> }
  /** Syncs the content of an existing file; if that fails, the file is emptied. */
  | { readonly kind: "sync"; readonly path: string }
  /**
   * Renames a file, replacing any file of that name, and makes the folders that it needs.
   * `aside` is a free path near `to`, for the bytes if they have to be copied, or for a folder in place of `to`.
   */
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly aside: string }
  /** The same, but fails with EEXIST if the name is taken. */
  | { readonly kind: "rename-if-free"; readonly from: string; readonly to: string; readonly aside: string }
  | { readonly kind: "make-folder"; readonly path: string }
  /** Makes an empty file at its place, replacing a file that is not empty. */
  | { readonly kind: "mark"; readonly path: string; readonly aside: string }
  /** Makes a file with this content at its place, and its folders, or replaces another content; not durable. */
  | { readonly kind: "trace"; readonly path: string; readonly content: Uint8Array; readonly aside: string }
  /** Takes the lock, performs the steps, and releases it. Fails before any step if it is held. */
  | { readonly kind: "locked"; readonly lock: LockFile; readonly steps: readonly DiskStep[] }
  /** Moves a file, replacing any file in its new place, and removes its old folder if that is then empty. */
  | { readonly kind: "move"; readonly from: string; readonly to: string; readonly aside: string }
  | Removal;

type Removal =
  /** Removes a file, if it exists. */
  | { readonly kind: "unlink"; readonly path: string }
  /** Empties a file, if it exists and was neither changed nor replaced. */
  | { readonly kind: "clear"; readonly path: string; readonly version: string }
  /** Moves a file or folder out of its place, if it exists; the place it moves to need not be durable. */
  | { readonly kind: "move-away"; readonly from: string; readonly to: string }
  /** Removes a file, if it exists, and its folder, if that is then empty and not to be kept; not durable. */
  | { readonly kind: "discard"; readonly path: string; readonly keptFolders: readonly string[] }
  /** Removes a folder and its parents below another folder, as far as they are empty; not durable. */
  | { readonly kind: "prune"; readonly folder: string; readonly below: string };

/** Memory that is transferred to another thread instead of copied. */
export function contentsOf(steps: readonly DiskStep[]): ArrayBuffer[] {
  return steps.flatMap((step) => (step.kind === "write" ? [step.content.buffer] : []));
}

/** Performs one step. It is durable once the folders are synced. */
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
      changeInFolder(dirname(step.to), folders, () => renameOrCopy(step, folders));
      break;
    case "rename-if-free":
      changeInFolder(dirname(step.to), folders, () => nameIfFree(step.from, step.to));
      break;
    case "make-folder":
      folders.make(step.path);
      break;
    case "mark":
      changeInFolder(dirname(step.path), folders, () => markPlace(step.path, step.aside));
      break;
    case "trace":
      makeFolders(dirname(step.path));
      leaveTrace(step);
      break;
    case "locked":
      whileLocked(step.lock, () => {
        for (const each of step.steps) performStep(each, folders);
      });
      break;
    case "move":
      changeInFolder(dirname(step.to), folders, () => renameOrCopy(step, folders));
      folders.noteChange(dirname(step.from));
      removeIfEmpty(dirname(step.from));
      break;
    case "unlink":
    case "clear":
    case "move-away":
    case "discard":
    case "prune":
      performRemoval(step, folders);
  }
}

function performRemoval(step: Removal, folders: DurableFolders): void {
  switch (step.kind) {
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

/** Another process may remove an empty folder before it is used: then it is made again. */
function changeInFolder(folder: string, folders: DurableFolders, change: () => void): void {
  for (let attempt = 1; ; attempt++) {
    folders.make(folder);
    try {
      change();
      break;
    } catch (error) {
      if (attempt === foldersMadeAtMost || !isAbsence(error)) throw error;
    }
  }
  folders.noteChange(folder);
}

const nothing = Buffer.alloc(0);

/** Most often nothing is there, and one call suffices. */
function markPlace(path: string, aside: string): void {
  if (createUnlessSame(path, nothing)) return;
  makeFolders(dirname(aside));
  writeSynced(aside, nothing);
  renameSync(aside, path);
}

/** A reader sees the old content or the new one, unless the power fails. */
function leaveTrace({ path, content, aside }: Extract<DiskStep, { kind: "trace" }>): void {
  if (createUnlessSame(path, content)) return;
  makeFolders(dirname(aside));
  writeFileSync(aside, content, { flag: "wx" });
  renameSync(aside, path);
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
    // Somebody made a folder in place of a file: a push repairs that too.
    renameSync(to, aside);
    renameSync(from, to);
  }
}

/**
 * The last resort if `from` is on another file system: a copy is synced near `to`, and renamed. Near means the place
 * for unfinished content; if even that is on another file system, as with a volume for one repository, the folder of
 * `to`.
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
