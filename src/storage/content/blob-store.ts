import { setTimeout as delay } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { BoundedMap } from "../../foundation/bounded-map.js";
import type { Logger } from "../../observability/logger.js";
import { type BlobReader, BufferReader } from "../../oci/blob-reader.js";
import { algorithmOf, type Digest, digestOf } from "../../oci/digest.js";
import type { StorageDriver } from "../driver.js";
import { layout } from "../layout.js";
import type { ObjectContent, StagedObject } from "../staging.js";
import type { FoundBytes } from "./blob-inspection.js";
import { BlobVerification } from "./blob-verification.js";
import { BytesAside, inPlaceOrAside } from "./bytes-aside.js";
import type { CopyDisk } from "./copy-disk.js";
import { NearBlobs } from "./near-blobs.js";
import type { Quarantine } from "./quarantine.js";
import type { SampledReads } from "./sampled-reads.js";
import { type StoredBlob, storedBlobs, storedDigests, type Unreadable } from "./stored-blobs.js";

const smallBytes = 256 * 1024;

const rememberedCommits = 2_000;

/** Some stores show an object only a moment after it was put together. */
const shownAfterMs = [0, 200, 500, 1_000, 2_000] as const;

/** Removing many at once costs the disk little more than removing one. */
const removedAtOnce = 500;

/** Counts requests for content that may be held in memory, and how many of them memory answered. */
export interface MemoryAnswers {
  requests: number;
  hits: number;
}

interface BlobStoreParts {
  readonly driver: StorageDriver;
  readonly answers: MemoryAnswers;
  readonly quarantine: Quarantine;
  readonly sampledReads: SampledReads;
  readonly copyDisk: CopyDisk | undefined;
}

/** Bytes by digest. This store does not know whether a repository may serve them: links decide that. */
export class BlobStore {
  readonly aside: BytesAside;
  readonly #driver: StorageDriver;
  readonly #log: Logger;
  readonly #answers: MemoryAnswers;
  readonly #verification: BlobVerification;
  readonly #quarantine: Quarantine;
  readonly #sampled: SampledReads;
  readonly #near: NearBlobs | undefined;
  /**
   * Small content, verified when it was read. The content of a digest never changes, so entries never become invalid.
   */
  readonly #small: LRUCache<Digest, BufferReader>;
  /** Verified when this process stored it: a manifest that comes a moment later need not have it read again. */
  readonly #committed = new BoundedMap<Digest, true>(rememberedCommits);

  /**
   * @param cacheBytes memory for small content
   * @param answers counts requests answered from memory
   */
  constructor(
    { driver, answers, quarantine, sampledReads, copyDisk }: BlobStoreParts,
    cacheBytes: number,
    log: Logger,
  ) {
    this.#answers = answers;
    this.#driver = driver;
    this.aside = new BytesAside(driver, (digest) => this.forget(digest));
    this.#quarantine = quarantine;
    this.#sampled = sampledReads;
    this.#near = copyDisk && new NearBlobs(copyDisk, sampledReads, smallBytes);
    this.#log = log;
    this.#verification = new BlobVerification(driver);
    this.#small = new LRUCache({ maxSize: Math.max(1, cacheBytes), sizeCalculation: (blob) => blob.size + 200 });
  }

  /** Size of the content. Checks the disk even for content in memory: another process may have evicted it. */
  async size(digest: Digest): Promise<number | undefined> {
    const stat = await inPlaceOrAside(this.#driver, digest, (key) => this.#driver.stat(key));
    if (stat === undefined) this.forget(digest);
    const small = this.#small.get(digest);
    if (small !== undefined) return small.size;
    if (stat === undefined || stat.size > smallBytes || this.#committed.has(digest)) return stat?.size;
    // Verified, as for a pull: otherwise a push could learn of content that no pull will get.
    const reader = await this.open(digest);
    await reader?.close();
    return reader?.size;
  }

  /** Bytes stored under the digest, whether or not they match it: their size on disk. */
  async storedSize(digest: Digest): Promise<number | undefined> {
    return (await this.#driver.stat(layout.blob(digest)))?.size;
  }

  /** The caller closes the reader. */
  async open(digest: Digest): Promise<BlobReader | undefined> {
    const small = this.#small.get(digest);
    this.#answers.requests++;
    if (small !== undefined) {
      this.#answers.hits++;
      return small;
    }
    const stored = () => this.#openStored(digest);
    const reader = await (this.#near === undefined ? stored() : this.#near.open(digest, stored));
    if (reader === undefined || reader.size > smallBytes) return reader;
    try {
      return await this.#readWhole(digest, reader);
    } finally {
      await reader.close();
    }
  }

  async #openStored(digest: Digest): Promise<BlobReader | undefined> {
    const open = this.#driver.openRecently ?? this.#driver.openRead;
    const reader = await inPlaceOrAside(this.#driver, digest, (key) => open.call(this.#driver, key));
    return reader && reader.size > smallBytes ? this.#sampled.sample(digest, reader) : reader;
  }

  /** The content of several digests, whether or not it matches them; `undefined` if it is absent, larger or unreadable. */
  readSmall(digests: readonly Digest[], atMost: number): Promise<readonly (Buffer | undefined)[]> {
    return this.#driver.many.read(digests.map(layout.blob), atMost);
  }

  /** Names staged content. The caller has verified the digest. Replaces, and so repairs, what is stored there. */
  async commit(digest: Digest, staged: StagedObject, beside: readonly ObjectContent[]): Promise<void> {
    await staged.commit(layout.blob(digest), beside);
    this.#committed.set(digest, true);
  }

  /**
   * Whether the stored content matches its digest; if not, it is set aside, and so absent.
   * @throws the reason of the signal, once that is aborted
   */
  async verify(digest: Digest, signal: AbortSignal): Promise<boolean> {
    const before = await this.#driver.stat(layout.blob(digest));
    if (before === undefined) return false;
    if (await this.#verification.isWhole(digest, signal)) return true;
    const place = await this.setDamagedAside(digest, before);
    this.#log.error("stored blob is damaged and counts as absent; push it again", {
      digest,
      bytes: before.size,
      setAside: place,
    });
    return false;
  }

  /** Drops it from the memory of this process. */
  forget(digest: Digest): void {
    this.#small.delete(digest);
    this.#committed.delete(digest);
  }

  /**
   * Sets damaged bytes aside, unless they were replaced meanwhile.
   * @param seen as they were found
   * @returns where they are now
   */
  async setDamagedAside(digest: Digest, seen: FoundBytes): Promise<string | undefined> {
    this.forget(digest);
    return this.#quarantine.setAside(digest, seen);
  }

  /**
   * Whether the bytes exist. Call it after writing a link to them, since an eviction may have set them aside before it
   * could see the link (`unlinked-blobs.ts`). Puts them back if so.
   */
  hold(digest: Digest): Promise<boolean> {
    return this.#driver.withdrawal.keep(layout.blob(digest), layout.evicting(digest));
  }

  /**
   * All stored blobs, whether or not a repository links to them.
   * @param isWanted others are left out, which saves looking at their size
   * @param unreadable told of what cannot be read; without it, that is thrown
   */
  all(
    isWanted: (digest: Digest) => boolean = () => true,
    unreadable: Unreadable = (_key, error) => {
      throw error;
    },
  ): AsyncIterable<StoredBlob> {
    return storedBlobs(this.#driver, isWanted, unreadable);
  }

  /**
   * Lists of the digests that have a folder, in code point order; hardly one of them is empty.
   * @param unreadable told of folders that cannot be listed
   */
  digestLists(unreadable: Unreadable): AsyncIterable<readonly Digest[]> {
    return storedDigests(this.#driver, unreadable);
  }

  /** The same for bytes that were stored just now. */
  async holdStored(digest: Digest): Promise<boolean> {
    for (const waitMs of shownAfterMs) {
      if (waitMs > 0) await delay(waitMs);
      if (await this.hold(digest)) return true;
    }
    return false;
  }

  /** Removes bytes permanently. Only for a caller that has the storage to itself. */
  async remove(digests: readonly Digest[]): Promise<void> {
    for (let start = 0; start < digests.length; start += removedAtOnce)
      await this.#driver.remove(...digests.slice(start, start + removedAtOnce).map(layout.blobFolder));
    for (const digest of digests) this.forget(digest);
  }

  async #readWhole(digest: Digest, reader: BlobReader): Promise<BlobReader | undefined> {
    const bytes = Buffer.allocUnsafeSlow(reader.size);
    await reader.read(bytes, 0);
    if (digestOf(bytes, algorithmOf(digest)) !== digest) {
      this.#log.error("stored blob is damaged and counts as absent; a push repairs it", { digest, bytes: reader.size });
      return undefined;
    }
    const small = new BufferReader(bytes);
    this.#small.set(digest, small);
    return small;
  }
}
