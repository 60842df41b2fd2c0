import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BlobReader } from "../../../../oci/blob-reader.js";
import type { LocalCopies, UnfinishedCopy } from "../../../local-copies.js";
import { hasCode, ifPresent } from "../../filesystem/system-error.js";
import { CopiesRoom } from "./copies-room.js";
import { abandonedAfterMs, fillingPath } from "./copy-names.js";

/**
 * The time of change that a finished copy is given. Whatever writes to the file later changes that time, so it shows
 * without another look at the bytes, in every process and after a restart.
 */
const finishedAt = new Date("2001-01-01T00:00:00Z");

/** Copies as files of one folder. They are found by their names, so nothing is read at the start. */
export class CopiesFolder implements LocalCopies {
  readonly place: string;
  readonly maxSize: number;
  readonly #room: CopiesRoom;

  constructor(root: string, maxSize: number) {
    this.place = root;
    this.maxSize = maxSize;
    this.#room = new CopiesRoom(root, maxSize);
  }

  get size(): number {
    return this.#room.size;
  }

  get evictedBytes(): number {
    return this.#room.evictedBytes;
  }

  async open(name: string): Promise<BlobReader | undefined> {
    const path = join(this.place, name);
    const file = await ifPresent(() => open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
    if (file === undefined) return undefined;
    const found = await file.stat();
    if (found.isFile() && found.mtimeMs === finishedAt.getTime()) {
      // Its use counts when room is made. If the disk does not take it, the copy is good all the same.
      file.utimes(new Date(), finishedAt).catch(() => {});
      return new CopyReader(file, found.size);
    }
    await file.close();
    await this.delete(name);
    return undefined;
  }

  async begin(name: string, size: number): Promise<UnfinishedCopy | undefined> {
    if (size > this.maxSize) return undefined;
    await mkdir(this.place, { recursive: true, mode: 0o700 });
    const path = join(this.place, name);
    const file = await createAlone(fillingPath(path));
    if (file === undefined) return undefined;
    const copy = new CopyFile(file, path);
    try {
      // Whoever adds up the sizes of all files counts what this one will have.
      await file.truncate(size);
      if (await this.#room.take(size)) return copy;
    } catch (error) {
      await copy.discard().finally(() => copy.close());
      throw error;
    }
    await copy.discard();
    await copy.close();
    return undefined;
  }

  delete(name: string): Promise<void> {
    return rm(join(this.place, name), { force: true });
  }
}

/** `undefined` if another process has created it, and is still writing. */
async function createAlone(path: string): Promise<FileHandle | undefined> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      return await open(path, "wx+", 0o600);
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      const found = await ifPresent(() => stat(path));
      if (found !== undefined && Date.now() - found.mtimeMs < abandonedAfterMs) return undefined;
      await rm(path, { force: true });
    }
  }
  return undefined;
}

class CopyReader implements BlobReader {
  readonly size: number;
  readonly #file: FileHandle;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  read(into: Buffer, position: number): Promise<number> {
    return readAll(this.#file, into.subarray(0, Math.max(0, this.size - position)), position);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

class CopyFile implements UnfinishedCopy {
  readonly #file: FileHandle;
  readonly #path: string;
  #length = 0;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  async append(bytes: Buffer): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#length);
      written += bytesWritten;
      this.#length += bytesWritten;
    }
  }

  read(into: Buffer, position: number): Promise<number> {
    return readAll(this.#file, into, position);
  }

  async finish(): Promise<void> {
    await this.#file.datasync();
    await this.#file.utimes(new Date(), finishedAt);
    if ((await this.#file.stat()).mtimeMs !== finishedAt.getTime())
      throw new Error(`the file system of ${this.#path} does not keep times of files`);
    await rename(fillingPath(this.#path), this.#path);
  }

  discard(): Promise<void> {
    return rm(fillingPath(this.#path), { force: true });
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function readAll(file: FileHandle, into: Buffer, position: number): Promise<number> {
  for (let filled = 0; filled < into.length; ) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, position + filled);
    if (bytesRead === 0) throw new Error("a local copy is shorter than it was");
    filled += bytesRead;
  }
  return into.length;
}
