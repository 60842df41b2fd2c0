import { lstatSync, type Stats, statSync } from "node:fs";
import { BoundedMap } from "../../../foundation/bounded-map.js";
import { StorageError } from "../../../oci/storage-error.js";
import type { DataFolders } from "./data-folders.js";
import { hasCode, isAbsence } from "./system-error.js";

/** How long a checked folder counts as one: a request needs several files of the same few folders. */
const trustedForMs = 500;

const rememberedFolders = 2_000;
const reportedPaths = 1_000;

/**
 * How many leading components of a key may be links, for folders that an operator put on another disk: down to the
 * algorithm of blobs, the first component of repository names, and the folders in `.berth`.
 */
const trustedParts: readonly (readonly [prefix: string, components: number])[] = [
  ["docker/registry/v2/blobs/", 5],
  ["docker/registry/v2/repositories/", 5],
  ["docker/", 4],
  [".berth/", 2],
];

/**
 * Paths of keys. Links below a repository or a digest are not followed, and what is not a file is not an object: a
 * device or a file from elsewhere is not content of this registry. It counts as missing, and is told once.
 */
export class KeyPaths {
  readonly #folders: DataFolders;
  readonly #tell: (path: string, what: string) => void;
  /** Folders that were not links when they were checked, at most that long ago. */
  readonly #plain = new Set<string>();
  #plainSince = 0;
  readonly #reported = new BoundedMap<string, true>(reportedPaths);

  /** @param tell told once of each path that counts as missing, and what is there */
  constructor(folders: DataFolders, tell: (path: string, what: string) => void) {
    this.#folders = folders;
    this.#tell = tell;
  }

  /** The path for reading a file; `undefined` if a link is on the way to it. */
  ofFile(key: string): string | undefined {
    const link = this.#linkAbove(key);
    if (link === undefined) return this.#folders.pathOf(key);
    this.report(link, "a link");
    return undefined;
  }

  /** A folder that exists, for listing; `undefined` if it is a link, or one is on the way to it. */
  folder(key: string): { readonly path: string; readonly stat: Stats } | undefined {
    const path = this.ofFile(key);
    if (path === undefined) return undefined;
    const isTrusted = key.length <= trustedLength(key);
    const stat = isTrusted ? statOf(path) : lstatOf(path);
    if (stat?.isSymbolicLink()) this.report(path, "a link");
    else if (stat === undefined && lstatOf(path)?.isSymbolicLink()) this.report(path, "a link that leads nowhere");
    if (!stat?.isDirectory()) return undefined;
    if (!isTrusted) this.#plain.add(key);
    return { path, stat };
  }

  /** The path for changing something. @throws StorageError if a link is on the way to it */
  toChange(key: string): string {
    const link = this.#linkAbove(key);
    if (link === undefined) return this.#folders.pathOf(key);
    throw new StorageError(
      "unavailable",
      `${link} is a link, which is not followed there: remove it, or mount the folder`,
    );
  }

  /** Tells of something that counts as missing. */
  report(path: string, what: string): void {
    if (this.#reported.has(path)) return;
    this.#reported.set(path, true);
    this.#tell(path, what);
  }

  #linkAbove(key: string): string | undefined {
    const folder = key.slice(0, Math.max(0, key.lastIndexOf("/")));
    const trusted = trustedLength(key);
    if (folder.length <= trusted) return undefined;
    this.#forgetOld();
    if (this.#plain.has(folder)) return undefined;
    for (let end = key.indexOf("/", trusted + 1); end !== -1; end = key.indexOf("/", end + 1)) {
      const above = key.slice(0, end);
      // Most keys differ in their last folder only, and each look is a call to the system.
      if (this.#plain.has(above)) continue;
      const path = this.#folders.pathOf(above);
      const stat = lstatOf(path);
      if (stat === undefined) return undefined;
      if (stat.isSymbolicLink()) return path;
      this.#plain.add(above);
    }
    return undefined;
  }

  #forgetOld(): void {
    const now = performance.now();
    if (now - this.#plainSince < trustedForMs && this.#plain.size < rememberedFolders) return;
    this.#plain.clear();
    this.#plainSince = now;
  }
}

/** Number of trusted characters of a key; by default, its first component. */
function trustedLength(key: string): number {
  let components = trustedParts.find(([prefix]) => key.startsWith(prefix))?.[1] ?? 1;
  let end = -1;
  for (; components > 0; components--) {
    end = key.indexOf("/", end + 1);
    if (end === -1) return key.length;
  }
  return end;
}

/** The stat of a path itself, even of a link; `undefined` if it does not exist, or a file is in place of a folder. */
export function lstatOf(path: string): Stats | undefined {
  return ifThere(() => lstatSync(path, { throwIfNoEntry: false }));
}

/** The stat of what a path leads to. */
export function statOf(path: string): Stats | undefined {
  return ifThere(() => statSync(path, { throwIfNoEntry: false }));
}

function ifThere(look: () => Stats | undefined): Stats | undefined {
  try {
    return look();
  } catch (error) {
    // `throwIfNoEntry` only covers ENOENT. Links in a circle count as missing, like a link without a target.
    if (isAbsence(error) || hasCode(error, "ELOOP")) return undefined;
    throw error;
  }
}
