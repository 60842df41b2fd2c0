import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "../../../observability/logger.js";
import type { BlobReader } from "../../../oci/blob-reader.js";
import { StorageError } from "../../../oci/storage-error.js";
import { type NamesWanted, type ObjectStat, type StorageDriver, smallObjectBytes } from "../../driver.js";
import type { ObjectContent, StagedObject } from "../../staging.js";
import { KeyedQueue } from "../keyed-queue.js";
import { wantedOf } from "../sorted-names.js";
import { type DataDirectory, inspectDataDirectory, prepareDataDirectory } from "./data-directory.js";
import type { DataFolders } from "./data-folders.js";
import type { DiskStep } from "./disk-steps.js";
import { diskWorkers } from "./disk-workers.js";
import { FlushSlots } from "./early-flush.js";
import { FileLocks } from "./file-locks.js";
import { FileReader } from "./file-reader.js";
import { FolderListings } from "./folder-listings.js";
import { KeyPaths, lstatOf } from "./key-paths.js";
import { StagedFile } from "./staged-file.js";
import { changing, ifPresent, reading, toChangeError } from "./system-error.js";
import { versionOf } from "./version.js";
import { WorkMarks } from "./work-marks.js";

/**
 * Objects are files below a root folder; what is not finished lies in the same file system, so that a rename names it.
 *
 * Threads do all that changes the disk, so that a disk that stalls holds up who writes and not who asks for something else.
 * The event loop itself does two things with it, a look at a path (`lstat`) and the opening of a file to be read: a request
 * does five of them, which the system answers from its memory in a microsecond each, and a thread in fifty. On a network
 * file system whose server is away they wait for it, and the process with them.
 */
export class FilesystemDriver implements StorageDriver {
  readonly #folders: DataFolders;
  readonly #paths: KeyPaths;
  /** Why nothing can be changed. */
  readonly #refusal: string | undefined;
  readonly #flushSlots = new FlushSlots();
  readonly #listings = new FolderListings();
  readonly #locks: FileLocks;
  readonly #queue = new KeyedQueue();
  readonly #workMarks: WorkMarks;

  /** Makes the root if needed, removes what an earlier process left unfinished, and tells the log what the disk cannot do. */
  static async open(root: string, log?: Logger): Promise<FilesystemDriver> {
    return new FilesystemDriver(await prepareDataDirectory(root, log), log);
  }

  /** Makes and removes nothing: for who looks at what is there. @throws if there is no such folder */
  static async openAsItIs(root: string, log?: Logger): Promise<FilesystemDriver> {
    return new FilesystemDriver(await inspectDataDirectory(root), log);
  }

  private constructor({ folders, ownerFiles, refusal }: DataDirectory, log: Logger | undefined) {
    this.#folders = folders;
    this.#paths = new KeyPaths(folders, log);
    this.#refusal = refusal;
    this.#locks = new FileLocks(folders.pathOf(".berth/locks"), ownerFiles);
    this.#workMarks = new WorkMarks(folders.pathOf(".berth/working"), ownerFiles);
  }

  stat(key: string): Promise<ObjectStat | undefined> {
    return reading(() => {
      const path = this.#paths.ofFile(key);
      const found = path === undefined ? undefined : lstatOf(path);
      if (path === undefined || found === undefined) return undefined;
      if (found.isFile()) return { size: found.size, modifiedMs: found.mtimeMs, version: versionOf(found) };
      if (!found.isDirectory()) this.#paths.report(path, "what is no file");
      return undefined;
    });
  }

  async read(key: string, atMost = smallObjectBytes): Promise<Buffer | undefined> {
    const reader = await this.openRead(key);
    if (reader === undefined) return undefined;
    try {
      if (reader.size > atMost) {
        this.#paths.report(this.#folders.pathOf(key), `a file of ${reader.size} bytes`);
        return undefined;
      }
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
    return reading(() => {
      const path = this.#paths.ofFile(key);
      return path === undefined ? undefined : FileReader.open(path, (what, kind) => this.#paths.report(what, kind));
    });
  }

  /** A folder is renamed away first, so that all below it is gone at once and not file by file. */
  async remove(...keys: readonly string[]): Promise<void> {
    const doomed: string[] = [];
    const steps = keys.flatMap((key): DiskStep[] => {
      const path = this.#paths.toChange(key);
      const found = lstatOf(path);
      if (found === undefined) return [];
      if (!found.isDirectory()) return [{ kind: "unlink", path }];
      const away = this.#scratchFor(path);
      doomed.push(away);
      return [{ kind: "move-away", from: path, to: away }];
    });
    if (steps.length === 0) return;
    await this.#change(steps);
    await changing(() => Promise.all(doomed.map((path) => rm(path, { recursive: true, force: true }))));
  }

  async move(from: string, to: string): Promise<boolean> {
    const [source, target] = [this.#paths.toChange(from), this.#paths.toChange(to)];
    if (lstatOf(source) === undefined) return false;
    const step: DiskStep = { kind: "move", from: source, to: target, aside: this.#scratchFor(target) };
    return changing(async () => (await ifPresent(() => this.#order([step]).then(() => true))) ?? false);
  }

  async clear(key: string, version: string): Promise<void> {
    const path = this.#paths.toChange(key);
    await changing(() => ifPresent(() => this.#order([{ kind: "clear", path, version }])));
  }

  async ensureFolder(key: string): Promise<void> {
    const path = this.#paths.toChange(key);
    if (!existsSync(path)) await this.#change([{ kind: "make-folder", path }]);
  }

  list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    return reading(async () => {
      const path = this.#paths.ofFolder(key);
      return path === undefined ? [] : wantedOf(await this.#listings.list(path), wanted);
    });
  }

  /** Where nothing can be changed, one process need not keep others from it. */
  withLock<Result>(name: string, action: (lost: AbortSignal) => Promise<Result>): Promise<Result> {
    if (this.#refusal === undefined) return this.#locks.withLock(name, action);
    return this.#queue.run(name, () => action(new AbortController().signal));
  }

  async markWork(): Promise<() => Promise<void>> {
    if (this.#refusal !== undefined) return async () => {};
    return changing(() => this.#workMarks.set());
  }

  isWorkedOn(): Promise<boolean> {
    return reading(() => this.#workMarks.isAnySet());
  }

  stage(key: string): StagedObject {
    return new StagedFile(key, {
      paths: this.#paths,
      flushSlots: this.#flushSlots,
      mayChange: () => this.#mayChange(),
      commit: (path, target, beside) => this.#perform([{ kind: "sync", path }, this.#naming(path, target)], beside),
      discard: (path) => this.#change([{ kind: "discard", path, keptFolders: this.#folders.scratches }]),
      prune: (path, below) => this.#change([{ kind: "prune", folder: dirname(dirname(path)), below }]),
    });
  }

  /** Does the steps, then writes the objects: all aside first, so that the names follow one another quickly. */
  async #perform(steps: readonly DiskStep[], objects: readonly ObjectContent[]): Promise<void> {
    // A copy of its own for each content: a small Buffer shares memory with others, all of which would cross threads.
    const asides = objects.map(({ key, content }) => ({
      key,
      content: new Uint8Array(content),
      path: this.#scratchFor(this.#paths.toChange(key)),
    }));
    try {
      await this.#order([
        ...asides.map(({ path, content }) => ({ kind: "write", path, content }) as const),
        ...steps,
        ...asides.map(({ path, key }) => this.#naming(path, key)),
      ]);
    } catch (error) {
      await Promise.all(asides.map(({ path }) => rm(path, { force: true }).catch(() => {})));
      throw toChangeError(error);
    }
  }

  #naming(from: string, key: string): DiskStep {
    const to = this.#paths.toChange(key);
    return { kind: "rename", from, to, aside: this.#scratchFor(to) };
  }

  #change(steps: readonly DiskStep[]): Promise<void> {
    return changing(() => this.#order(steps));
  }

  async #order(steps: readonly DiskStep[]): Promise<void> {
    this.#mayChange();
    await diskWorkers.perform({ root: this.#folders.root, steps });
  }

  #mayChange(): void {
    if (this.#refusal !== undefined) throw new StorageError("readonly", this.#refusal);
  }

  #scratchFor(path: string): string {
    return `${this.#folders.scratchFor(path)}/${randomUUID()}`;
  }
}
