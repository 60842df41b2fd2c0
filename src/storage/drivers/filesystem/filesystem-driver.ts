import { randomUUID } from "node:crypto";
import { closeSync, openSync, statSync, writeSync } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { BlobReader } from "../../../oci/blob-reader.js";
import type { ObjectStat, StagedObject, StorageDriver } from "../../driver.js";
import { Gate } from "../gate.js";
import { DurableFolders } from "./durable-folders.js";
import { FileLocks } from "./file-locks.js";
import { FileReader } from "./file-reader.js";
import { FolderListings } from "./folder-listings.js";
import { fsync } from "./fsync.js";
import { StagedFile } from "./staged-file.js";
import { ifPresent } from "./system-error.js";
import { versionOf } from "./version.js";
import { WriteBudget } from "./write-budget.js";

/** libuv has four threads: were all of them in an fsync, every read would wait for the disk. */
const fsyncsAtOnce = 3;

/** What a dead process left in the scratch folder is removed at the next start, once it is this old. */
const scratchKeptMs = 60 * 60 * 1000;

/** Objects are files below a root folder; what is not finished lies in the same file system, so that a rename names it. */
export class FilesystemDriver implements StorageDriver {
  readonly #root: string;
  readonly #scratch: string;
  readonly #fsyncs = new Gate(fsyncsAtOnce);
  readonly #folders = new DurableFolders(this.#fsyncs);
  readonly #listings = new FolderListings();
  readonly #budget = new WriteBudget();
  readonly #locks: FileLocks;

  /** Makes the root if needed and removes what an earlier process left unfinished. */
  static async open(root: string): Promise<FilesystemDriver> {
    const driver = new FilesystemDriver(root);
    await mkdir(driver.#scratch, { recursive: true });
    await removeOldScratch(driver.#scratch);
    return driver;
  }

  private constructor(root: string) {
    this.#root = resolve(root);
    this.#scratch = join(this.#root, ".berth/scratch");
    this.#locks = new FileLocks(join(this.#root, ".berth/locks"));
  }

  /** A cached inode answers in a microsecond, a thread of the pool in fifty: this is asked several times a request. */
  async stat(key: string): Promise<ObjectStat | undefined> {
    const found = statSync(this.#pathOf(key), { throwIfNoEntry: false });
    return found?.isFile() ? { size: found.size, version: versionOf(found) } : undefined;
  }

  async read(key: string): Promise<Buffer | undefined> {
    const reader = FileReader.open(this.#pathOf(key));
    if (reader === undefined) return undefined;
    try {
      const content = Buffer.allocUnsafe(reader.size);
      const length = await reader.read(content, 0);
      return content.subarray(0, length);
    } finally {
      await reader.close();
    }
  }

  async write(key: string, content: Uint8Array): Promise<void> {
    const path = join(this.#scratch, randomUUID());
    try {
      await this.#writeSynced(path, content);
      await this.#folders.rename(path, this.#pathOf(key));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  async openRead(key: string): Promise<BlobReader | undefined> {
    return FileReader.open(this.#pathOf(key));
  }

  /** A folder is renamed away first, so that all below it is gone at once and not file by file. */
  async remove(key: string): Promise<void> {
    const path = this.#pathOf(key);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isFile()) {
      await ifPresent(() => this.#folders.unlink(path));
      return;
    }
    const doomed = join(this.#scratch, randomUUID());
    await ifPresent(() => this.#folders.moveAway(path, doomed));
    await rm(doomed, { recursive: true, force: true });
  }

  ensureFolder(key: string): Promise<void> {
    return this.#folders.make(this.#pathOf(key));
  }

  list(key: string): Promise<readonly string[]> {
    return this.#listings.list(this.#pathOf(key));
  }

  withLock<Result>(name: string, action: () => Promise<Result>): Promise<Result> {
    return this.#locks.withLock(name, action);
  }

  stage(key: string): StagedObject {
    return new StagedFile(this.#pathOf(key), {
      folders: this.#folders,
      fsyncs: this.#fsyncs,
      budget: this.#budget,
      scratch: this.#scratch,
      pathOf: (target) => this.#pathOf(target),
    });
  }

  #pathOf(key: string): string {
    return `${this.#root}/${key}`;
  }

  /** Only the fsync waits for the disk; the rest is done sooner than a thread could be asked to. */
  async #writeSynced(path: string, content: Uint8Array): Promise<void> {
    const file = openSync(path, "wx");
    try {
      for (let written = 0; written < content.length; ) written += writeSync(file, content, written);
      await this.#fsyncs.run(() => fsync(file));
    } finally {
      closeSync(file);
    }
  }
}

async function removeOldScratch(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await ifPresent(() => stat(path));
    if (found !== undefined && Date.now() - found.mtimeMs > scratchKeptMs)
      await rm(path, { recursive: true, force: true });
  }
}
