import { constants, open, write } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { StorageError } from "../../../oci/storage-error.js";
import type { EarlyFlush } from "./early-flush.js";
import { isNoFile, plainFilesOnly } from "./file-reader.js";
import { lstatOf } from "./key-paths.js";
import { makeFoldersAside } from "./make-folders.js";
import { changing, isAbsence, toChangeError } from "./system-error.js";

/** "a" would ignore the position of a write on Linux, and "r+" does not create. */
const readWriteCreate = constants.O_RDWR | constants.O_CREAT | plainFilesOnly;

const openFile = promisify(open);

/** More removals of one folder in so short a time are no accident. */
const mostAttempts = 20;

/**
 * Makes the folder if needed, and the file at once: an empty session folder would look abandoned, and may be removed
 * before the file is made; then both are made again.
 */
export async function openToAppend(path: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (lstatOf(dirname(path)) === undefined) await makeFoldersAside(dirname(path));
      return await openFile(path, readWriteCreate);
    } catch (error) {
      if (isNoFile(error)) throw new StorageError("unavailable", `${path} is not a file: remove it`, { cause: error });
      if (!isAbsence(error) || attempt > mostAttempts) throw error;
    }
  }
}

/** @returns where the file ends afterwards */
export async function appendAll(
  opened: number,
  offset: number,
  content: AsyncIterable<Buffer>,
  flush: EarlyFlush,
): Promise<number> {
  let end = offset;
  try {
    for await (const piece of content) {
      for (let written = 0; written < piece.length; ) {
        const count = await writeOnce(opened, piece.subarray(written), end);
        written += count;
        end += count;
      }
      flush.noteWritten(end);
    }
  } finally {
    await changing(() => flush.settled());
  }
  return end;
}

function writeOnce(opened: number, bytes: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(opened, bytes, 0, bytes.length, position, (error, written) =>
      error ? reject(toChangeError(error)) : resolve(written),
    );
  });
}
