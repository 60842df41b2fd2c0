import { LRUCache } from "lru-cache";
import type { Logger } from "../observability/logger.js";
import { type BlobReader, BufferReader } from "../oci/blob-reader.js";
import { algorithmOf, type Digest, Digester, digestOf } from "../oci/digest.js";
import { hashReader } from "../oci/hash-reader.js";
import type { ObjectContent, StagedObject, StorageDriver } from "./driver.js";
import { layout } from "./layout.js";

const smallBytes = 256 * 1024;

/** Bytes by digest. Whether a repository may serve them is not known here: that is what links say. */
export class BlobStore {
  readonly #driver: StorageDriver;
  readonly #log: Logger;
  /** Small content, verified when it was read. A digest's content never changes, so nothing makes it invalid. */
  readonly #small: LRUCache<Digest, BufferReader>;

  /** @param cacheBytes how much small content is held in memory */
  constructor(driver: StorageDriver, cacheBytes: number, log: Logger) {
    this.#driver = driver;
    this.#log = log;
    this.#small = new LRUCache({ maxSize: Math.max(1, cacheBytes), sizeCalculation: (blob) => blob.size + 200 });
  }

  /** Bytes the content has. */
  async size(digest: Digest): Promise<number | undefined> {
    const small = this.#small.get(digest);
    if (small !== undefined) return small.size;
    const stat = await this.#driver.stat(layout.blob(digest));
    if (stat === undefined || stat.size > smallBytes) return stat?.size;
    // Verified, as for a pull: a push must not be told of content that no pull will get.
    const reader = await this.open(digest);
    await reader?.close();
    return reader?.size;
  }

  /** The caller closes the reader. */
  async open(digest: Digest): Promise<BlobReader | undefined> {
    const small = this.#small.get(digest);
    if (small !== undefined) return small;
    const reader = await this.#driver.openRead(layout.blob(digest));
    if (reader === undefined || reader.size > smallBytes) return reader;
    try {
      return await this.#readSmall(digest, reader);
    } finally {
      await reader.close();
    }
  }

  /** Names staged content. That it has this digest must be proved before. What lies there is replaced, and so healed. */
  async commit(digest: Digest, staged: StagedObject, beside: readonly ObjectContent[]): Promise<void> {
    await staged.commit(layout.blob(digest), beside);
  }

  /** Reads the stored content again; if it is not what its name says, it is emptied, and so absent. */
  async verify(digest: Digest): Promise<boolean> {
    const key = layout.blob(digest);
    const before = await this.#driver.stat(key);
    const reader = await this.#driver.openRead(key);
    if (reader === undefined) return false;
    if ((await digestOfReader(reader, digest)) === digest) return true;
    this.#log.error("stored blob is damaged and counts as absent; push it again", { digest, bytes: reader.size });
    this.#small.delete(digest);
    // It may have been pushed again meanwhile.
    if (before?.version !== undefined) await this.#driver.clear(key, before.version);
    return false;
  }

  async #readSmall(digest: Digest, reader: BlobReader): Promise<BlobReader | undefined> {
    const bytes = Buffer.allocUnsafeSlow(reader.size);
    await reader.read(bytes, 0);
    if (digestOf(bytes, algorithmOf(digest)) !== digest) {
      this.#log.error("stored blob is damaged and counts as absent; a push heals it", { digest, bytes: reader.size });
      return undefined;
    }
    const small = new BufferReader(bytes);
    this.#small.set(digest, small);
    return small;
  }
}

/** Hashes all that a reader gives, and closes it. */
export async function digestOfReader(reader: BlobReader, like: Digest): Promise<Digest> {
  const digester = new Digester(algorithmOf(like));
  try {
    await hashReader(reader, digester, reader.size);
    return digester.digest();
  } finally {
    await reader.close();
  }
}
