import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** A pipe that is full fails at once: waiting for its reader would occupy one of Node's few threads. */
const appending = constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

/** Writes lines of the audit trail: all of them completely, or fails. */
export type AuditLines = (lines: string) => Promise<void>;

/**
 * Appends to a file. It is opened each time, so that it can be rotated by renaming. Lines of several processes never
 * mix (write(2), O_APPEND).
 */
export function appendingTo(file: string): AuditLines {
  return async (lines) => {
    const handle = await openToAppend(file);
    try {
      const isFile = (await handle.stat()).isFile();
      const bytes = Buffer.from(lines);
      const { bytesWritten } = await handle.write(bytes);
      if (bytesWritten < bytes.length) {
        if (isFile) await takeBack(handle, bytes.subarray(0, bytesWritten));
        throw new Error(`only ${bytesWritten} of ${bytes.length} bytes could be written`);
      }
      if (isFile) await handle.datasync();
    } finally {
      await handle.close();
    }
  };
}

/** A pipe that is opened for both has a reader, itself: without another one, its lines would be lost. */
async function openToAppend(file: string): Promise<FileHandle> {
  const handle = await open(file, appending | constants.O_RDWR, 0o640);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return open(file, appending | constants.O_WRONLY);
}

export function printing(): AuditLines {
  return (lines) =>
    new Promise((resolve, reject) => {
      process.stdout.write(lines, (error) => (error ? reject(error) : resolve()));
    });
}

/**
 * A full disk accepts part of a line. That part is removed if it is still the end of the file, so that all lines are
 * whole.
 */
async function takeBack(handle: FileHandle, part: Buffer): Promise<void> {
  const { size } = await handle.stat();
  const end = Buffer.alloc(part.length);
  await handle.read(end, 0, end.length, size - end.length);
  if (end.equals(part)) await handle.truncate(size - part.length);
}
