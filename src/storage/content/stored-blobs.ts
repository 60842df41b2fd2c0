import { nextTurn } from "../../foundation/event-loop-breaks.js";
import { type Digest, digestAlgorithms, isDigest } from "../../oci/digest.js";
import { StorageError } from "../../oci/storage-error.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

export interface StoredBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** Told of a folder or a blob that cannot be looked at, and is left out. */
export type Unreadable = (key: string, error: StorageError) => void;

/** Folders of blobs that are listed at once. */
const foldersAtOnce = 16;

/** All stored blobs that are wanted, in code point order. */
export async function* storedBlobs(
  driver: StorageDriver,
  isWanted: (digest: Digest) => boolean,
  unreadable: Unreadable,
): AsyncIterable<StoredBlob> {
  for await (const digests of storedDigests(driver, unreadable)) {
    const wanted = digests.filter(isWanted);
    const stats = await driver.many.stat(wanted.map(layout.blob));
    for (const [index, digest] of wanted.entries()) {
      const stat = stats[index];
      if (stat instanceof StorageError) unreadable(layout.blob(digest), stat);
      else if (stat !== undefined) yield { digest, size: stat.size, modifiedMs: stat.modifiedMs };
    }
    await nextTurn();
  }
}

/** Digests that have a folder, in code point order; those with the same beginning together. */
export async function* storedDigests(driver: StorageDriver, unreadable: Unreadable): AsyncIterable<readonly Digest[]> {
  for (const algorithm of digestAlgorithms) {
    const prefixes = await namesIn(driver, [layout.blobsOf(algorithm)], unreadable);
    const keys = prefixes.flat().map((prefix) => layout.blobsBelow(algorithm, prefix));
    for (let start = 0; start < keys.length; start += foldersAtOnce)
      for (const names of await namesIn(driver, keys.slice(start, start + foldersAtOnce), unreadable))
        yield names.map((hex) => `${algorithm}:${hex}`).filter(isDigest);
  }
}

async function namesIn(
  { many }: StorageDriver,
  keys: readonly string[],
  unreadable: Unreadable,
): Promise<readonly (readonly string[])[]> {
  const lists = await many.list(keys);
  return lists.map((list, index) => {
    if (!(list instanceof StorageError)) return list.names;
    unreadable(keys[index] ?? "", list);
    return [];
  });
}
