import { close, closeSync, fstatSync, openSync, read } from "node:fs";
import type { BlobReader } from "../../../oci/blob-reader.js";
import { isAbsence, toStorageError } from "./system-error.js";

/** An open file. Replacing or removing the file does not disturb it. */
export class FileReader implements BlobReader {
  readonly size: number;
  readonly #file: number;

  /** Opening costs less than handing the opening to a thread would: it is done at once. */
  static open(path: string): FileReader | undefined {
    let file: number;
    try {
      file = openSync(path, "r");
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
    const stat = fstatSync(file);
    if (stat.isFile()) return new FileReader(file, stat.size);
    closeSync(file);
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

  close(): Promise<void> {
    return new Promise((resolve, reject) => close(this.#file, (error) => (error ? reject(error) : resolve())));
  }
}
