import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { changing, reading } from "../filesystem/system-error.js";
import { RequestContent } from "./request-content.js";

/** Content that waits on the local disk until it is sent. The file has no name, so that nothing is left of it. */
export class PartFile {
  readonly #file: FileHandle;
  #length = 0;

  static create(folder: string): Promise<PartFile> {
    return changing(async () => {
      const path = join(folder, randomUUID());
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, "wx+");
      await unlink(path);
      return new PartFile(file);
    });
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  get length(): number {
    return this.#length;
  }

  async append(bytes: Buffer): Promise<void> {
    await changing(async () => {
      for (let written = 0; written < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#length);
        written += bytesWritten;
        this.#length += bytesWritten;
      }
    });
  }

  /** The content from its beginning. */
  stream(): Readable {
    return new RequestContent(this.#length, async (into, position) => {
      const { bytesRead } = await reading(() => this.#file.read(into, 0, into.length, position));
      return bytesRead;
    });
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
