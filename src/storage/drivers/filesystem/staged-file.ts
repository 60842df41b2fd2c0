import { statSync } from "node:fs";
import { type FileHandle, open, rmdir, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { BlobReader } from "../../../oci/blob-reader.js";
import { OffsetMismatchError, type StagedObject, type StagedStat } from "../../driver.js";
import type { Gate } from "../gate.js";
import type { DurableFolders } from "./durable-folders.js";
import { FileReader } from "./file-reader.js";
import { makeFolderOf } from "./make-folder.js";
import { hasCode, ifPresent, isAbsence } from "./system-error.js";
import { WriteBehind } from "./write-behind.js";
import type { WriteBudget } from "./write-budget.js";

interface Surroundings {
  readonly folders: DurableFolders;
  readonly fsyncs: Gate;
  readonly budget: WriteBudget;
  /** The folder of what has no place of its own: it stays when it gets empty. */
  readonly scratch: string;
  /** The path of a key. */
  pathOf(key: string): string;
}

/** An unfinished file, appended to in place until it is given its name. */
export class StagedFile implements StagedObject {
  readonly #path: string;
  readonly #around: Surroundings;

  constructor(path: string, around: Surroundings) {
    this.#path = path;
    this.#around = around;
  }

  async stat(): Promise<StagedStat | undefined> {
    const found = statSync(this.#path, { throwIfNoEntry: false });
    return found && { size: found.size, modifiedMs: found.mtimeMs };
  }

  append(offset: number, content: AsyncIterable<Buffer>): Promise<number> {
    return this.#withFile(async (file) => {
      const { size } = await file.stat();
      if (size !== offset) throw new OffsetMismatchError(size);
      return this.#around.budget.share((limit) => new WriteBehind(file, offset, limit).writeAll(content));
    });
  }

  async openRead(): Promise<BlobReader | undefined> {
    return FileReader.open(this.#path);
  }

  async commit(key: string): Promise<void> {
    await this.#withFile((file) => this.#around.fsyncs.run(() => file.sync()));
    await this.#around.folders.rename(this.#path, this.#around.pathOf(key));
  }

  async discard(): Promise<void> {
    await ifPresent(() => unlink(this.#path));
    const folder = dirname(this.#path);
    if (folder !== this.#around.scratch) await removeIfEmpty(folder);
  }

  async #withFile<Result>(action: (file: FileHandle) => Promise<Result>): Promise<Result> {
    const file = await openOrCreate(this.#path);
    try {
      return await action(file);
    } finally {
      await file.close();
    }
  }
}

/** "a" would ignore the position of a write on Linux, "r+" does not create: hence both steps. */
async function openOrCreate(path: string): Promise<FileHandle> {
  const existing = await ifPresent(() => open(path, "r+"));
  if (existing !== undefined) return existing;
  const create = () => open(path, "wx+");
  return (await ifPresent(create)) ?? (await makeFolderOf(path).then(create));
}

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY") && !isAbsence(error)) throw error;
  }
}
