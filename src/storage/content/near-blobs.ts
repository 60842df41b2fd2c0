import type { BlobReader } from "../../oci/blob-reader.js";
import type { Digest } from "../../oci/digest.js";
import type { CopyDisk } from "./copy-disk.js";
import { nameOf } from "./copy-fill.js";
import { type NearBytes, NearReader, type OpenStored } from "./near-reader.js";
import type { SampledReads } from "./sampled-reads.js";
import { SharedBlob } from "./shared-blob.js";

/** Blobs that are copied at the same time; others are read from the store meanwhile. */
const filledAtOnce = 16;

/**
 * Serves blobs of a distant store from copies on the local disk. The first client that reads most of a blob makes its
 * copy; other clients read the copy while it grows. Links decide before this whether a client may read the blob.
 */
export class NearBlobs {
  readonly #disk: CopyDisk;
  readonly #sampled: SampledReads;
  readonly #smallBytes: number;
  readonly #shared = new Map<Digest, SharedBlob>();

  /** @param smallBytes smaller blobs are kept in memory instead */
  constructor(disk: CopyDisk, sampled: SampledReads, smallBytes: number) {
    this.#disk = disk;
    this.#sampled = sampled;
    this.#smallBytes = smallBytes;
  }

  async open(digest: Digest, stored: OpenStored): Promise<BlobReader | undefined> {
    const shared = this.#shared.get(digest);
    if (shared !== undefined) return this.#join(shared, stored);
    if (!this.#disk.isUsable) return stored();
    const copy = await this.#disk.open(nameOf(digest));
    return copy === undefined ? this.#join(this.#shareable(digest, stored), stored) : this.#near(digest, copy, stored);
  }

  #near(digest: Digest, copy: BlobReader, stored: OpenStored): BlobReader {
    this.#disk.use.hit++;
    const bytes: NearBytes = {
      read: this.#disk.reader((into, position) => copy.read(into, position)),
      leave: () => copy.close().catch(() => {}),
    };
    const reader = new NearReader({
      size: copy.size,
      near: () => bytes,
      stored,
      leave: () => bytes.leave(),
    });
    return this.#sampled.sample(digest, reader, () => this.#disk.delete(nameOf(digest)));
  }

  #shareable(digest: Digest, stored: OpenStored): SharedBlob {
    const found = this.#shared.get(digest);
    if (found !== undefined) return found;
    const shared = new SharedBlob(this.#disk, digest, stored(), {
      mayFill: () => [...this.#shared.values()].filter(({ isFilling }) => isFilling).length < filledAtOnce,
      damaged: () => this.#sampled.foundDamaged(digest),
      forget: (ended) => {
        if (this.#shared.get(digest) === ended) this.#shared.delete(digest);
      },
    });
    this.#shared.set(digest, shared);
    return shared;
  }

  async #join(shared: SharedBlob, stored: OpenStored): Promise<BlobReader | undefined> {
    const leave = shared.join();
    try {
      const size = await shared.size;
      const openStored = async () => shared.takeReader() ?? stored();
      if (size !== undefined && size > this.#smallBytes) return this.#readerOf(shared, size, openStored);
      return size === undefined ? undefined : await openStored();
    } finally {
      await leave();
    }
  }

  #readerOf(shared: SharedBlob, size: number, stored: OpenStored): BlobReader {
    this.#disk.use[shared.isFilling ? "shared" : "miss"]++;
    const near = (start: number, end: number) => shared.near(start, end);
    return new NearReader({ size, near, stored, leave: shared.join() });
  }
}
