import { statfs } from "node:fs/promises";
import type { Logger } from "../../../observability/logger.js";
import type { BlobReader } from "../../../oci/blob-reader.js";
import type { DiskRoom } from "../../disk-room.js";
import {
  type ConditionalWrites,
  type LockOptions,
  type MachineWork,
  type NamesWanted,
  type ObjectStat,
  type StorageDriver,
  smallObjectBytes,
  type Withdrawal,
} from "../../driver.js";
import type { ManyReads } from "../../many-reads.js";
import type { ObjectContent, Staging } from "../../staging.js";
import { defaultWaitMs, KeyedQueue } from "../keyed-queue.js";
import { wantedOf } from "../sorted-names.js";
import { ConditionalFiles } from "./conditional-files.js";
import { type DataDirectory, inspectDataDirectory, prepareDataDirectory } from "./data-directory.js";
import type { DataFolders } from "./data-folders.js";
import { DiskOrders } from "./disk-orders.js";
import { FlushSlots } from "./early-flush.js";
import { FileAnswers } from "./file-answers.js";
import { FileLocks } from "./file-locks.js";
import { FileQuestions } from "./file-questions.js";
import { FileReader } from "./file-reader.js";
import { FileWithdrawal } from "./file-withdrawal.js";
import { FolderListings } from "./folder-listings.js";
import { KeyPaths } from "./key-paths.js";
import { StagedFile } from "./staged-file.js";
import { changing, reading } from "./system-error.js";
import { WorkMarks } from "./work-marks.js";

/** Cached names of listed folders, about 50 bytes each. A folder of half a million tags fits. */
const servedNames = 600_000;

/** A command that walks through everything lists each folder once. */
const walkedNames = 20_000;

/**
 * Objects are files below a root folder. Unfinished content is on the same file system, so that a rename gives it its
 * name.
 *
 * Threads make all changes of the disk, so that a stalled disk delays writers only. The event loop itself does just two
 * things with the disk: it looks at a path (`lstat`), and opens a file to read it. A request does five of these; the
 * system answers each from its memory in a microsecond, while a thread would take fifty. If the server of a network
 * file system is away they block, and the process with them.
 */
export class FilesystemDriver implements StorageDriver {
  readonly listLagMs = 0;
  readonly conditional: ConditionalWrites;
  readonly withdrawal: Withdrawal;
  readonly staging: Staging;
  readonly machine: MachineWork = this;
  readonly many: ManyReads;
  readonly #folders: DataFolders;
  readonly #paths: KeyPaths;
  readonly #answers: FileAnswers;
  /** Why nothing can be changed. */
  readonly #refusal: string | undefined;
  readonly #orders: DiskOrders;
  readonly #listings: FolderListings;
  readonly #locks: FileLocks;
  readonly #queue = new KeyedQueue();
  readonly #workMarks: WorkMarks;

  /** Makes the root if needed, removes what an earlier process left unfinished, and logs what the disk cannot do. */
  static async open(root: string, log?: Logger): Promise<FilesystemDriver> {
    return new FilesystemDriver(await prepareDataDirectory(root, log), log, servedNames);
  }

  /** Makes and removes nothing: for inspection. @throws if there is no such folder */
  static async openAsItIs(root: string, log?: Logger): Promise<FilesystemDriver> {
    return new FilesystemDriver(await inspectDataDirectory(root), log, walkedNames);
  }

  private constructor(
    { folders, ownerFiles, refusal }: DataDirectory,
    log: Logger | undefined,
    rememberedNames: number,
  ) {
    this.#folders = folders;
    this.#paths = new KeyPaths(folders, (path, what) =>
      log?.warn(`${what} is in place of a file of the registry: it counts as missing`, { path }),
    );
    this.#answers = new FileAnswers(this.#paths);
    this.many = new FileQuestions(folders.root, (path, what) => this.#paths.report(path, what));
    this.#refusal = refusal;
    this.#listings = new FolderListings(rememberedNames);
    this.#orders = new DiskOrders(folders, this.#paths, refusal);
    this.#locks = new FileLocks(folders.pathOf(".berth/locks"), ownerFiles);
    this.#workMarks = new WorkMarks(folders.pathOf(".berth/working"), ownerFiles);
    const around = { orders: this.#orders, paths: this.#paths, stat: (key: string) => this.stat(key) };
    this.withdrawal = new FileWithdrawal(around);
    this.conditional = new ConditionalFiles({ ...around, withLock: this.withLock.bind(this) });
    const staged = { ...around, flushSlots: new FlushSlots(), keptFolders: folders.scratches };
    this.staging = {
      at: (key) => new StagedFile(key, staged),
      list: (key, wanted) => this.list(key, wanted),
      remove: (key) => this.remove(key),
    };
  }

  readonly room = (): Promise<DiskRoom> => {
    return reading(async () => {
      const { blocks, bavail, bsize } = await statfs(this.#folders.pathOf(""));
      return { size: blocks * bsize, free: bavail * bsize };
    });
  };

  stat(key: string): Promise<ObjectStat | undefined> {
    return reading(() => this.#answers.stat(key));
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
    return this.#orders.perform([], objects);
  }

  openRead(key: string): Promise<BlobReader | undefined> {
    return reading(() => {
      const path = this.#paths.ofFile(key);
      return path === undefined ? undefined : FileReader.open(path, (what, kind) => this.#paths.report(what, kind));
    });
  }

  remove(...keys: readonly string[]): Promise<void> {
    return this.#orders.remove(keys);
  }

  list(key: string, wanted?: NamesWanted): Promise<readonly string[]> {
    return reading(async () => {
      const folder = this.#paths.folder(key);
      return folder === undefined ? [] : wantedOf(await this.#listings.list(folder), wanted);
    });
  }

  /** Not durable: a folder that a power cut brings back is pruned again by a collection. */
  prune(keys: readonly string[], upTo: string): Promise<void> {
    const below = this.#paths.toChange(upTo);
    return this.#orders.change(
      keys.map((key) => ({ kind: "prune", folder: this.#paths.toChange(key), below }) as const),
    );
  }

  listVersion(key: string): Promise<string | undefined> {
    return reading(() => this.#answers.listVersion(key));
  }

  /** If nothing can be changed, there is nothing to guard against other processes. */
  withLock<Result>(
    name: string,
    action: (lost: AbortSignal) => Promise<Result>,
    { waitMs = defaultWaitMs }: LockOptions = {},
  ): Promise<Result> {
    if (this.#refusal === undefined) return this.#locks.withLock(name, action, waitMs);
    return this.#queue.run(name, () => action(new AbortController().signal), waitMs);
  }

  /** The thread that makes the change takes the lock, too. */
  writeUnderLock<Result>(
    name: string,
    objects: readonly ObjectContent[],
    look: () => Promise<Result>,
  ): Promise<Result> {
    return this.#locks.withTakenLock(name, async (lock) => {
      const seen = await look();
      await this.#orders.perform([], objects, lock);
      return seen;
    });
  }

  async markWork(): Promise<() => Promise<void>> {
    if (this.#refusal !== undefined) return async () => {};
    return changing(() => this.#workMarks.set());
  }

  isWorkedOn(): Promise<boolean> {
    return reading(() => this.#workMarks.isAnySet());
  }
}
