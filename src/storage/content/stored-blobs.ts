import { nextTurn } from "../../foundation/event-loop-breaks.js";
import { type Digest, digestAlgorithms, isDigest } from "../../oci/digest.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";

export interface StoredBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** Folders of blobs that are listed at once. */
const foldersAtOnce = 16;

/** All stored blobs that are wanted, in code point order. */
export async function* storedBlobs(
  driver: StorageDriver,
  isWanted: (digest: Digest) => boolean,
): AsyncIterable<StoredBlob> {
  for await (const digests of listed(driver)) {
    const wanted = digests.filter(isWanted);
    const stats = await driver.many.stat(wanted.map(layout.blob));
    for (const [index, digest] of wanted.entries()) {
      const stat = stats[index];
      if (stat !== undefined) yield { digest, size: stat.size, modifiedMs: stat.modifiedMs };
    }
    await nextTurn();
  }
}

/** Digests that have a folder, in code point order. */
export async function* storedDigests(driver: StorageDriver): AsyncIterable<Digest> {
  for await (const digests of listed(driver)) {
    yield* digests;
    await nextTurn();
  }
}

/** Those with the same beginning together. */
async function* listed(driver: StorageDriver): AsyncIterable<readonly Digest[]> {
  for (const algorithm of digestAlgorithms) {
    const prefixes = await driver.list(layout.blobsOf(algorithm));
    for (let start = 0; start < prefixes.length; start += foldersAtOnce) {
      const folders = prefixes.slice(start, start + foldersAtOnce);
      const lists = await driver.many.list(folders.map((prefix) => layout.blobsBelow(algorithm, prefix)));
      for (const { names } of lists) yield names.map((hex) => `${algorithm}:${hex}`).filter(isDigest);
    }
  }
}
