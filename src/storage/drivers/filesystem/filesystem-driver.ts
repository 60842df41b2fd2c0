import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { BlobReader } from "../../../oci/blob-reader.js";
import type { ObjectContent, ObjectStat, StagedObject, StorageDriver } from "../../driver.js";
import type { DiskStep } from "./disk-steps.js";
import { DiskWorkers } from "./disk-workers.js";
import { DurableFolders } from "./durable-folders.js";
import { FlushSlots } from "./early-flush.js";
import { FileLocks } from "./file-locks.js";
import { FileReader } from "./file-reader.js";
import { FolderListings } from "./folder-listings.js";
import { StagedFile } from "./staged-file.js";
import { statOf } from "./stat-of.js";
import { ifPresent, onDisk, toStorageError } from "./system-error.js";
import { versionOf } from "./version.js";
import { WorkMarks } from "./work-marks.js";

/** What a dead process left in the scratch folder is removed at the next start, once it is this old. */
const scratchKeptMs = 60 * 60 * 1000;

/** Objects are files below a root folder; what is not finished lies in the same file system, so that a rename names it. */
export class FilesystemDriver implements StorageDriver {
  readonly #root: string;
  readonly #scratch: string;
  readonly #workers: DiskWorkers;
  readonly #flushSlots = new FlushSlots();
  readonly #listings = new FolderListings();
  readonly #locks: FileLocks;
  readonly #workMarks: WorkMarks;

  /** Makes the root if needed and removes what an earlier process left unfinished. */
  static async open(root: string): Promise<FilesystemDriver> {
    const driver = new FilesystemDriver(root);
    const folders = new DurableFolders(driver.#root);
    folders.make(driver.#scratch);
    folders.sync();
    await removeOldScratch(driver.#scratch);
    return driver;
  }

  /** Makes and removes nothing: for who looks at what is there. @throws if there is no such folder */
  static async openAsItIs(root: string): Promise<FilesystemDriver> {
    await readdir(root);
    return new FilesystemDriver(root);
  }

  private constructor(root: string) {
    this.#root = resolve(root);
    this.#scratch = join(this.#root, ".berth/scratch");
    this.#workers = new DiskWorkers(this.#root);
    this.#locks = new FileLocks(join(this.#root, ".berth/locks"));
    this.#workMarks = new WorkMarks(join(this.#root, ".berth/working"));
  }

  /** A cached inode answers in a microsecond, a thread of the pool in fifty: this is asked several times a request. */
  async stat(key: string): Promise<ObjectStat | undefined> {
    const found = await onDisk(() => statOf(this.#pathOf(key)));
    return found?.isFile() ? { size: found.size, modifiedMs: found.mtimeMs, version: versionOf(found) } : undefined;
  }

  async read(key: string): Promise<Buffer | undefined> {
    const reader = await this.openRead(key);
    if (reader === undefined) return undefined;
    try {
      const content = Buffer.allocUnsafe(reader.size);
      const length = await reader.read(content, 0);
      return content.subarray(0, length);
    } finally {
      await reader.close();
    }
  }

  write(...objects: readonly ObjectContent[]): Promise<void> {
    return this.#perform([], objects);
  }

  openRead(key: string): Promise<BlobReader | undefined> {
    return onDisk(() => FileReader.open(this.#pathOf(key)));
  }

  /** A folder is renamed away first, so that all below it is gone at once and not file by file. */
  async remove(...keys: readonly string[]): Promise<void> {
    const doomed: string[] = [];
    const steps = keys.flatMap((key): DiskStep[] => {
      const path = this.#pathOf(key);
      const found = statOf(path);
      if (found === undefined) return [];
      if (found.isFile()) return [{ kind: "unlink", path }];
      const away = this.#scratchPath();
      doomed.push(away);
      return [{ kind: "move-away", from: path, to: away }];
    });
    if (steps.length === 0) return;
    await onDisk(async () => {
      await this.#workers.perform(steps);
      await Promise.all(doomed.map((path) => rm(path, { recursive: true, force: true })));
    });
  }

  async move(from: string, to: string): Promise<boolean> {
    if (statOf(this.#pathOf(from)) === undefined) return false;
    const step: DiskStep = { kind: "move", from: this.#pathOf(from), to: this.#pathOf(to) };
    return onDisk(async () => (await ifPresent(() => this.#workers.perform([step]).then(() => true))) ?? false);
  }

  async clear(key: string, version: string): Promise<void> {
    await onDisk(() => ifPresent(() => this.#workers.perform([{ kind: "clear", path: this.#pathOf(key), version }])));
  }

  async ensureFolder(key: string): Promise<void> {
    const path = this.#pathOf(key);
    if (!existsSync(path)) await onDisk(() => this.#workers.perform([{ kind: "make-folder", path }]));
  }

  list(key: string): Promise<readonly string[]> {
    return onDisk(() => this.#listings.list(this.#pathOf(key)));
  }

  withLock<Result>(name: string, action: (lost: AbortSignal) => Promise<Result>): Promise<Result> {
    return this.#locks.withLock(name, action);
  }

  markWork(): Promise<() => void> {
    return onDisk(() => this.#workMarks.set());
  }

  isWorkedOn(): Promise<boolean> {
    return onDisk(() => this.#workMarks.isAnySet());
  }

  stage(key: string): StagedObject {
    return new StagedFile(this.#pathOf(key), {
      flushSlots: this.#flushSlots,
      commit: (path, target, beside) => {
        const name: DiskStep = { kind: "rename", from: path, to: this.#pathOf(target) };
        return this.#perform([{ kind: "sync", path }, name], beside);
      },
      discard: (path) => onDisk(() => this.#workers.perform([{ kind: "discard", path, keptFolder: this.#scratch }])),
    });
  }

  /** Does the steps, then writes the objects: all aside first, so that the names follow one another quickly. */
  async #perform(steps: readonly DiskStep[], objects: readonly ObjectContent[]): Promise<void> {
    // A copy of its own for each content: a small Buffer shares memory with others, all of which would cross threads.
    const asides = objects.map(({ key, content }) => ({
      key,
      content: new Uint8Array(content),
      path: this.#scratchPath(),
    }));
    try {
      await this.#workers.perform([
        ...asides.map(({ path, content }) => ({ kind: "write", path, content }) as const),
        ...steps,
        ...asides.map(({ path, key }) => ({ kind: "rename", from: path, to: this.#pathOf(key) }) as const),
      ]);
    } catch (error) {
      await Promise.all(asides.map(({ path }) => rm(path, { force: true })));
      throw toStorageError(error);
    }
  }

  #scratchPath(): string {
    return join(this.#scratch, randomUUID());
  }

  #pathOf(key: string): string {
    return `${this.#root}/${key}`;
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
