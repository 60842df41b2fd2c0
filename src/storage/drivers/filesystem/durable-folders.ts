import { closeSync, existsSync, openSync } from "node:fs";
import { mkdir, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Gate } from "../gate.js";
import { fsync } from "./fsync.js";
import { hasCode } from "./system-error.js";

/**
 * Changes of folders that survive a power cut: a name is safe only when the folder that holds it is synced, and so is
 * the name of each folder that was made on the way.
 */
export class DurableFolders {
  readonly #fsyncs: Gate;
  /** For each folder: the sync that runs, and the one that waits for it and serves all who asked meanwhile. */
  readonly #syncing = new Map<string, Promise<void>>();
  readonly #queued = new Map<string, Promise<void>>();

  constructor(fsyncs: Gate) {
    this.#fsyncs = fsyncs;
  }

  /** Gives a synced file its name, and makes the folders that the name needs. */
  async rename(from: string, to: string): Promise<void> {
    const created = await this.#renameMakingFolders(from, to);
    await Promise.all([dirname(to), ...created].map((folder) => this.sync(folder)));
  }

  async make(folder: string): Promise<void> {
    if (existsSync(folder)) return;
    await Promise.all((await makeFolders(folder)).map((changed) => this.sync(changed)));
  }

  async unlink(path: string): Promise<void> {
    await unlink(path);
    await this.sync(dirname(path));
  }

  /** Takes a file or folder out of its place; where it goes need not survive. */
  async moveAway(from: string, to: string): Promise<void> {
    await rename(from, to);
    await this.sync(dirname(from));
  }

  /** Syncs a folder once for all who ask while a sync of it runs: that one may have begun before their change. */
  sync(folder: string): Promise<void> {
    const running = this.#syncing.get(folder);
    if (running === undefined) return this.#start(folder);
    const queued = this.#queued.get(folder);
    if (queued !== undefined) return queued;
    const next = running.then(
      () => this.#startQueued(folder),
      () => this.#startQueued(folder),
    );
    this.#queued.set(folder, next);
    return next;
  }

  #startQueued(folder: string): Promise<void> {
    this.#queued.delete(folder);
    return this.#start(folder);
  }

  #start(folder: string): Promise<void> {
    const sync = this.#fsyncs.run(() => syncFolder(folder)).finally(() => this.#syncing.delete(folder));
    this.#syncing.set(folder, sync);
    return sync;
  }

  /** @returns the folders whose list of names changed because a folder was made in them */
  async #renameMakingFolders(from: string, to: string): Promise<string[]> {
    try {
      await rename(from, to);
      return [];
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
    const changed = await makeFolders(dirname(to));
    await rename(from, to);
    return changed;
  }
}

/** @returns the folders in which a folder was made */
async function makeFolders(folder: string): Promise<string[]> {
  const first = await mkdir(folder, { recursive: true });
  return first === undefined ? [] : foldersBetween(dirname(first), dirname(folder));
}

async function syncFolder(folder: string): Promise<void> {
  const file = openSync(folder, "r");
  try {
    await fsync(file);
  } finally {
    closeSync(file);
  }
}

function foldersBetween(top: string, bottom: string): string[] {
  const folders = [bottom];
  for (let folder = bottom; folder !== top && folder !== dirname(folder); folder = dirname(folder)) {
    folders.push(dirname(folder));
  }
  return folders;
}
