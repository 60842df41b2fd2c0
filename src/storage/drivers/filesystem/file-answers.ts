import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import type { ObjectStat } from "../../driver.js";
import { isNoFile, plainFilesOnly } from "./file-reader.js";
import { type KeyPaths, lstatOf } from "./key-paths.js";
import { isAbsence } from "./system-error.js";
import { versionOf } from "./version.js";

/** Berth's own, in the folder of the repositories if that has a volume of its own; not a part of its content. */
const ownFolder = ".berth";

/** Answers questions about keys with calls to the system that wait for the disk. Throws the system's errors. */
export class FileAnswers {
  readonly #paths: KeyPaths;

  constructor(paths: KeyPaths) {
    this.#paths = paths;
  }

  stat(key: string): ObjectStat | undefined {
    const path = this.#paths.ofFile(key);
    const found = path === undefined ? undefined : lstatOf(path);
    if (path === undefined || found === undefined) return undefined;
    if (found.isFile()) return { size: found.size, modifiedMs: found.mtimeMs, version: versionOf(found) };
    if (!found.isDirectory()) this.#paths.report(path, "something that is not a file");
    return undefined;
  }

  listVersion(key: string): string | undefined {
    const folder = this.#paths.folder(key);
    return folder === undefined ? "none" : versionOf(folder.stat);
  }

  /** The version is older than the names. */
  list(key: string): { readonly names: string[]; readonly version: string | undefined } {
    const folder = this.#paths.folder(key);
    const names = folder === undefined ? undefined : ifThere(() => readdirSync(folder.path));
    if (folder === undefined || names === undefined) return { names: [], version: "none" };
    // As `readdir` returns them on Linux: libuv sorts by bytes, which is the same for almost all names.
    const isSorted = names.every((name, index) => index === 0 || (names[index - 1] ?? "") <= name);
    return { names: namesOfContent(isSorted ? names : names.sort()), version: versionOf(folder.stat) };
  }

  /** A file as a whole; `undefined` if it is larger than that, or not a file. */
  read(key: string, atMost: number): Buffer | undefined {
    const path = this.#paths.ofFile(key);
    const file = path === undefined ? undefined : ifThere(() => openSync(path, constants.O_RDONLY | plainFilesOnly));
    if (file === undefined) return undefined;
    try {
      const stat = fstatSync(file);
      return stat.isFile() && stat.size <= atMost ? readWhole(file, stat.size) : undefined;
    } finally {
      closeSync(file);
    }
  }
}

/** Names of a folder without what is not content. */
export function namesOfContent(names: string[]): string[] {
  return names.includes(ownFolder) ? names.filter((name) => name !== ownFolder) : names;
}

function readWhole(file: number, size: number): Buffer {
  const content = Buffer.allocUnsafe(size);
  let filled = 0;
  for (let count = -1; count !== 0 && filled < size; filled += count)
    count = readSync(file, content, filled, size - filled, filled);
  return content.subarray(0, filled);
}

function ifThere<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (isAbsence(error) || isNoFile(error)) return undefined;
    throw error;
  }
}
