import { setImmediate } from "node:timers/promises";
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

/** All bytes that lie under a digest, whether a repository has a link to them or not. */
export async function* storedBlobs(driver: StorageDriver): AsyncIterable<StoredBlob> {
  for (const algorithm of digestAlgorithms) {
    for (const prefix of await driver.list(layout.blobsOf(algorithm))) {
      for (const hex of await driver.list(layout.blobsBelow(algorithm, prefix))) {
        const digest = `${algorithm}:${hex}`;
        const stat = isDigest(digest) ? await driver.stat(layout.blob(digest)) : undefined;
        if (isDigest(digest) && stat !== undefined) yield { digest, size: stat.size, modifiedMs: stat.modifiedMs };
      }
      await setImmediate();
    }
  }
}
