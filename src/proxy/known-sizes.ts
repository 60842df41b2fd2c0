import { BoundedMap } from "../foundation/bounded-map.js";
import type { Digest } from "../oci/digest.js";
import { readManifest } from "../oci/manifest-reading.js";
import type { RepositoryName } from "../oci/repository-name.js";

const remembered = 50_000;

/** Sizes of blobs, from the manifests of a repository, so that the upstream need not be asked before a download. */
export class KnownSizes {
  readonly #sizes = new BoundedMap<string, number>(remembered);

  readonly #read = new BoundedMap<string, true>(remembered / 10);

  get(name: RepositoryName, digest: Digest): number | undefined {
    return this.#sizes.get(`${name}@${digest}`);
  }

  /** Reads each manifest once. */
  learn(name: RepositoryName, digest: Digest, bytes: Buffer): void {
    if (this.#read.has(`${name}@${digest}`)) return;
    for (const blob of readManifest(bytes)?.blobs ?? []) {
      if (blob.size !== undefined) this.#sizes.set(`${name}@${blob.digest}`, blob.size);
    }
    this.#read.set(`${name}@${digest}`, true);
  }
}
