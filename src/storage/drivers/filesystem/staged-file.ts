import { closeSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync, truncateSync, write } from "node:fs";
import { dirname } from "node:path";
import type { BlobReader } from "../../../oci/blob-reader.js";
import { type ObjectContent, OffsetMismatchError, type StagedObject, type StagedStat } from "../../driver.js";
import { EarlyFlush, type FlushSlots } from "./early-flush.js";
import { FileReader } from "./file-reader.js";
import { fsync } from "./fsync.js";
import { statOf } from "./stat-of.js";
import { ifPresent, isAbsence, onDisk, toStorageError } from "./system-error.js";

/** What a staged file needs of the driver it belongs to. */
export interface Surroundings {
  readonly flushSlots: FlushSlots;
  /** Names a staged file and writes objects beside it, as one durable change. */
  commit(path: string, key: string, beside: readonly ObjectContent[]): Promise<void>;
  discard(path: string): Promise<void>;
}

/** "a" would ignore the position of a write on Linux, and "r+" does not create. */
const readWriteCreate = constants.O_RDWR | constants.O_CREAT;

/** More than this is synced before the disk threads name it, so that none of them is long with one file. */
const largeBytes = 1024 * 1024;

/** An unfinished file, appended to in place until it is given its name. */
export class StagedFile implements StagedObject {
  readonly #path: string;
  readonly #around: Surroundings;

  constructor(path: string, around: Surroundings) {
    this.#path = path;
    this.#around = around;
  }

  async stat(): Promise<StagedStat | undefined> {
    const found = await onDisk(() => statOf(this.#path));
    return found && { size: found.size, modifiedMs: found.mtimeMs };
  }

  async append(offset: number, content: AsyncIterable<Buffer>): Promise<number> {
    // Refused before a file is made: a session that another process ended would come back to life.
    if (offset > 0 && (await this.stat()) === undefined) throw new OffsetMismatchError(0);
    return this.#withFile(async (file) => {
      const { size } = fstatSync(file);
      if (size !== offset) throw new OffsetMismatchError(size);
      return appendAll(file, offset, content, new EarlyFlush(file, offset, this.#around.flushSlots));
    });
  }

  async openRead(): Promise<BlobReader | undefined> {
    return onDisk(() => FileReader.open(this.#path));
  }

  async commit(key: string, beside: readonly ObjectContent[] = []): Promise<void> {
    if (((await this.stat())?.size ?? 0) > largeBytes) await onDisk(() => this.#sync());
    await this.#around.commit(this.#path, key, beside);
  }

  discard(): Promise<void> {
    return this.#around.discard(this.#path);
  }

  async spoil(): Promise<void> {
    await onDisk(() => ifPresent(() => truncateSync(this.#path)));
    await this.discard();
  }

  /** What a failed sync left unwritten reads well until the memory is needed, and the next sync would not tell. */
  async #sync(): Promise<void> {
    const file = openSync(this.#path, "r+");
    try {
      await fsync(file);
    } catch (error) {
      ftruncateSync(file);
      throw error;
    } finally {
      closeSync(file);
    }
  }

  async #withFile<Result>(action: (file: number) => Promise<Result>): Promise<Result> {
    const file = await onDisk(() => openOrCreate(this.#path) ?? makeFolderAndOpen(this.#path));
    try {
      return await action(file);
    } finally {
      closeSync(file);
    }
  }
}

/** In one go: a session's folder with nothing in it would look abandoned. */
function makeFolderAndOpen(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, readWriteCreate);
}

/** `undefined` if its folder is missing. */
function openOrCreate(path: string): number | undefined {
  try {
    return openSync(path, readWriteCreate);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** @returns where the file ends then */
async function appendAll(
  file: number,
  offset: number,
  content: AsyncIterable<Buffer>,
  flush: EarlyFlush,
): Promise<number> {
  let end = offset;
  try {
    for await (const piece of content) {
      for (let written = 0; written < piece.length; ) {
        const count = await writeOnce(file, piece.subarray(written), end);
        written += count;
        end += count;
      }
      flush.noteWritten(end);
    }
  } finally {
    await onDisk(() => flush.settled());
  }
  return end;
}

function writeOnce(file: number, bytes: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file, bytes, 0, bytes.length, position, (error, written) =>
      error ? reject(toStorageError(error)) : resolve(written),
    );
  });
}
