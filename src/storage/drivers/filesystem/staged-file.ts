import { close, constants, fstatSync, fsync, ftruncate, open } from "node:fs";
import { truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { BlobReader } from "../../../oci/blob-reader.js";
import { StorageError } from "../../../oci/storage-error.js";
import {
  type ObjectContent,
  OffsetMismatchError,
  type StagedNote,
  type StagedObject,
  type StagedStat,
} from "../../staging.js";
import { NotesBeside } from "../notes-beside.js";
import { appendAll, openToAppend } from "./appending.js";
import type { DiskOrders } from "./disk-orders.js";
import { EarlyFlush, type FlushSlots } from "./early-flush.js";
import { FileReader, plainFilesOnly } from "./file-reader.js";
import { type KeyPaths, lstatOf } from "./key-paths.js";
import { changing, ifPresent, reading } from "./system-error.js";

/** What a staged file needs from its driver. */
interface Surroundings {
  readonly orders: DiskOrders;
  readonly paths: KeyPaths;
  readonly flushSlots: FlushSlots;
  /** Folders that are kept even when nothing is staged there. */
  readonly keptFolders: readonly string[];
}

/** More than this is synced before the disk threads rename it, so that no file occupies one of them for long. */
const largeBytes = 1024 * 1024;

/** Uses file descriptors, which `fs/promises` does not: its objects cost a multiple of time and memory. */
const file = {
  open: promisify(open),
  sync: promisify(fsync),
  truncate: promisify(ftruncate),
  close: promisify(close),
};

/**
 * An unfinished file, appended to in place until it is renamed. Threads make all changes of the disk: a stalled disk
 * delays writers, and nobody else.
 */
export class StagedFile implements StagedObject {
  readonly #key: string;
  readonly #around: Surroundings;
  #isGone = false;

  constructor(key: string, around: Surroundings) {
    this.#key = key;
    this.#around = around;
  }

  stat(): Promise<StagedStat | undefined> {
    return reading(() => {
      const path = this.#around.paths.ofFile(this.#key);
      const found = path === undefined ? undefined : lstatOf(path);
      return found?.isFile() ? { size: found.size, modifiedMs: found.mtimeMs } : undefined;
    });
  }

  begin(notes: Readonly<Record<string, string>>): Promise<void> {
    return this.#notes().write(notes);
  }

  note(name: string): Promise<StagedNote | undefined> {
    return this.#notes().find(name);
  }

  async append(offset: number, content: AsyncIterable<Buffer>): Promise<number> {
    this.#around.orders.mayChange();
    // Refused before a file is made: otherwise a session that another process ended would reappear.
    if (offset > 0 && (await this.stat()) === undefined) throw new OffsetMismatchError(0);
    return this.#withFile(async (opened, size) => {
      if (size !== offset) throw new OffsetMismatchError(size);
      return appendAll(opened, offset, content, new EarlyFlush(opened, offset, this.#around.flushSlots));
    });
  }

  openRead(): Promise<BlobReader | undefined> {
    return reading(() => {
      const { paths } = this.#around;
      const path = paths.ofFile(this.#key);
      return path === undefined ? undefined : FileReader.open(path, (what, kind) => paths.report(what, kind));
    });
  }

  async commit(key: string, beside: readonly ObjectContent[] = [], notes: readonly string[] = []): Promise<void> {
    const { orders, keptFolders, paths } = this.#around;
    orders.mayChange();
    const path = this.#path();
    if (((await this.stat())?.size ?? 0) > largeBytes) await changing(() => syncOrEmpty(path));
    const discards = notes.map((name) => paths.toChange(this.#notes().keyOf(name)));
    await orders.perform(
      [
        { kind: "sync", path },
        orders.naming(path, key),
        ...discards.map((note) => ({ kind: "discard", path: note, keptFolders }) as const),
      ],
      beside,
    );
    this.#isGone = notes.length > 0;
  }

  async discard(): Promise<void> {
    if (lstatOf(this.#path()) === undefined) return;
    this.#around.orders.mayChange();
    const { orders, keptFolders } = this.#around;
    await orders.change([{ kind: "discard", path: this.#path(), keptFolders }]);
  }

  /** Nothing is left of one that was committed with its notes. */
  async discardWithNotes(names: readonly string[]): Promise<void> {
    if (this.#isGone) return;
    await this.discard();
    await this.#notes().discard(names);
  }

  async discardWithFolders(below: string): Promise<void> {
    await this.discard();
    const folder = dirname(dirname(this.#path()));
    await this.#around.orders.change([{ kind: "prune", folder, below: this.#around.paths.toChange(below) }]);
  }

  async invalidate(): Promise<void> {
    this.#around.orders.mayChange();
    if ((await this.stat()) !== undefined) await changing(() => ifPresent(() => truncate(this.#path())));
    await this.discard();
  }

  #notes(): NotesBeside {
    return new NotesBeside(this.#key, (key) => new StagedFile(key, this.#around));
  }

  #path(): string {
    return this.#around.paths.toChange(this.#key);
  }

  async #withFile<Result>(action: (opened: number, size: number) => Promise<Result>): Promise<Result> {
    const path = this.#path();
    const opened = await changing(() => openToAppend(path));
    try {
      // The system has what it says in memory, and a thread for it costs more than the call.
      const stat = await reading(() => fstatSync(opened));
      if (!stat.isFile()) throw new StorageError("unavailable", `${path} is not a file: remove it`);
      return await action(opened, stat.size);
    } finally {
      await file.close(opened);
    }
  }
}

/**
 * After a failed sync the unwritten content is readable until its memory is reclaimed, and the next sync would not
 * report it.
 */
async function syncOrEmpty(path: string): Promise<void> {
  const opened = await file.open(path, constants.O_RDWR | plainFilesOnly);
  try {
    await file.sync(opened);
  } catch (error) {
    await file.truncate(opened);
    throw error;
  } finally {
    await file.close(opened);
  }
}
