import { close, closeSync, constants, fstatSync, openSync, read } from "node:fs";
import type { BlobReader } from "../../../oci/blob-reader.js";
import { hasCode, isAbsence, toStorageError } from "./system-error.js";

/** Links are not followed, and opening a pipe does not wait for a writer. Windows has neither flag. */
export const plainFilesOnly = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Error codes for opening what is not a file: a link, a socket, a device without a driver or a medium. */
const noFileCodes = ["ELOOP", "EMLINK", "ENXIO", "ENODEV", "ENOMEDIUM", "EISDIR"];

/** An open file. Replacing or removing the file does not disturb it. */
export class FileReader implements BlobReader {
  readonly size: number;
  readonly #file: number;

  /**
   * Opens synchronously: opening costs less than passing it to a thread.
   * @param report called if the path is not a file, and so counts as missing
   */
  static open(path: string, report: (path: string, what: string) => void): FileReader | undefined {
    let file: number;
    try {
      file = openSync(path, constants.O_RDONLY | plainFilesOnly);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      if (!isNoFile(error)) throw error;
      report(path, "something that is not a file");
      return undefined;
    }
    const stat = fstatSync(file);
    if (stat.isFile()) return new FileReader(file, stat.size);
    closeSync(file);
    report(path, "something that is not a file");
    return undefined;
  }

  private constructor(file: number, size: number) {
    this.#file = file;
    this.size = size;
  }

  async read(into: Buffer, position: number): Promise<number> {
    let filled = 0;
    while (filled < into.length) {
      const count = await this.#readOnce(into, filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  #readOnce(into: Buffer, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#file, into, offset, into.length - offset, position, (error, count) => {
        if (error) reject(toStorageError(error));
        else resolve(count);
      });
    });
  }

  /** Exact: the numbers of some file systems have more digits than a JavaScript number. */
  identity(): string {
    const { dev, ino } = fstatSync(this.#file, { bigint: true });
    return `${dev}:${ino}`;
  }

  close(): Promise<void> {
    return new Promise((resolve, reject) => close(this.#file, (error) => (error ? reject(error) : resolve())));
  }
}

/** Whether the system refused to open something because it is not a file. */
export function isNoFile(error: unknown): boolean {
  return noFileCodes.some((code) => hasCode(error, code));
}
