import { lstatSync, type Stats, statSync } from "node:fs";
import { LRUCache } from "lru-cache";
import type { Logger } from "../../../observability/logger.js";
import { StorageError } from "../../../oci/storage-error.js";
import type { DataFolders } from "./data-folders.js";
import { isAbsence } from "./system-error.js";

/** How long a folder that was looked at counts as one: a request asks for several files of the same few folders. */
const trustedForMs = 500;

const rememberedFolders = 20_000;
const reportedPaths = 1_000;

/**
 * How many leading components of a key may be links, as folders that an operator put on another disk: down to the
 * algorithm of blobs, to the first component of repositories' names, and to the folders in `.berth`.
 */
const trustedParts: readonly (readonly [prefix: string, components: number])[] = [
  ["docker/registry/v2/blobs/", 5],
  ["docker/registry/v2/repositories/", 5],
  ["docker/", 4],
  [".berth/", 2],
];

/**
 * Paths of keys. Links below a repository or a digest are not followed, and what is no file is no object: a device or a
 * file from elsewhere is not content of this registry. It counts as absent, and the log tells of it once.
 */
export class KeyPaths {
  readonly #folders: DataFolders;
  readonly #log: Logger | undefined;
  /** Folders that were no links, and when they were looked at. */
  readonly #plain = new LRUCache<string, number>({ max: rememberedFolders });
  readonly #reported = new LRUCache<string, true>({ max: reportedPaths });

  constructor(folders: DataFolders, log: Logger | undefined) {
    this.#folders = folders;
    this.#log = log;
  }

  /** The path to read a file at; `undefined` if a link is on the way to it. */
  ofFile(key: string): string | undefined {
    const link = this.#linkAbove(key);
    if (link === undefined) return this.#folders.pathOf(key);
    this.report(link, "a link");
    return undefined;
  }

  /** The path to list a folder at; `undefined` if it is a link, or one is on the way to it. */
  ofFolder(key: string): string | undefined {
    const path = this.ofFile(key);
    if (path === undefined || key.length <= trustedLength(key) || !lstatOf(path)?.isSymbolicLink()) return path;
    this.report(path, "a link");
    return undefined;
  }

  /** The path to change something at. @throws StorageError if a link is on the way to it */
  toChange(key: string): string {
    const link = this.#linkAbove(key);
    if (link === undefined) return this.#folders.pathOf(key);
    throw new StorageError(
      "unavailable",
      `${link} is a link, and none is followed there: remove it, or mount the folder`,
    );
  }

  /** Tells of something that counts as absent. */
  report(path: string, what: string): void {
    if (this.#reported.has(path)) return;
    this.#reported.set(path, true);
    this.#log?.warn(`${what} lies where the registry looks for a file of its own: it counts as absent`, { path });
  }

  #linkAbove(key: string): string | undefined {
    const folder = key.slice(0, Math.max(0, key.lastIndexOf("/")));
    const trusted = trustedLength(key);
    if (folder.length <= trusted) return undefined;
    const now = performance.now();
    if (this.#isPlain(folder, now)) return undefined;
    for (let end = key.indexOf("/", trusted + 1); end !== -1; end = key.indexOf("/", end + 1)) {
      const above = key.slice(0, end);
      // Most keys differ in their last folder only, and each look is a call to the system.
      if (this.#isPlain(above, now)) continue;
      const path = this.#folders.pathOf(above);
      const stat = lstatOf(path);
      if (stat === undefined) return undefined;
      if (stat.isSymbolicLink()) return path;
      this.#plain.set(above, now);
    }
    return undefined;
  }

  #isPlain(folder: string, now: number): boolean {
    return now - (this.#plain.get(folder) ?? Number.NEGATIVE_INFINITY) < trustedForMs;
  }
}

/** Characters of a key that are trusted. Of a key of no such kind the first component is. */
function trustedLength(key: string): number {
  let components = trustedParts.find(([prefix]) => key.startsWith(prefix))?.[1] ?? 1;
  let end = -1;
  for (; components > 0; components--) {
    end = key.indexOf("/", end + 1);
    if (end === -1) return key.length;
  }
  return end;
}

/** What is known of a path itself, be it a link; `undefined` if nothing lies there, or a file stands where it needs a folder. */
export function lstatOf(path: string): Stats | undefined {
  return ifThere(() => lstatSync(path, { throwIfNoEntry: false }));
}

/** What is known of that which a path leads to. */
export function statOf(path: string): Stats | undefined {
  return ifThere(() => statSync(path, { throwIfNoEntry: false }));
}

function ifThere(look: () => Stats | undefined): Stats | undefined {
  try {
    return look();
  } catch (error) {
    // `throwIfNoEntry` is about ENOENT only.
    if (isAbsence(error)) return undefined;
    throw error;
  }
}
