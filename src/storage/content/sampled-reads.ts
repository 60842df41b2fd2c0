import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import { algorithmOf, type Digest, Digester } from "../../oci/digest.js";
import type { BlobInspection } from "./blob-inspection.js";
import type { Quarantine } from "./quarantine.js";

interface SampledReadsParts {
  readonly inspection: BlobInspection;
  readonly quarantine: Quarantine;
}

/** Counts reads that were verified. */
interface VerifiedReads {
  whole: number;
  damaged: number;
}

/**
 * Verifies some of the blobs that are read from the storage, while they are sent: one that is damaged is not sent to its
 * end, and set aside, so that it counts as absent. Small ones are always verified, since they are kept in memory.
 */
export class SampledReads {
  /** Part of the reads, from 0 to 1: `storage.verify`. */
  share = 0;
  readonly verified: VerifiedReads = { whole: 0, damaged: 0 };
  readonly #parts: SampledReadsParts;
  readonly #log: Logger;

  constructor(parts: SampledReadsParts, log: Logger) {
    this.#parts = parts;
    this.#log = log;
  }

  /**
   * The reader, or one that verifies what it reads.
   * @param drop what happens to bytes that are damaged; by default the stored blob is set aside
   */
  sample(digest: Digest, reader: BlobReader, drop = () => this.#setAside(digest)): BlobReader {
    if (this.share === 0 || Math.random() >= this.share) return reader;
    return new VerifyingReader(reader, digest, (isWhole) => {
      this.verified[isWhole ? "whole" : "damaged"]++;
      if (!isWhole) void drop();
    });
  }

  /** Call it if the stored bytes were hashed for another reason, and found damaged. */
  foundDamaged(digest: Digest): void {
    this.verified.damaged++;
    void this.#setAside(digest);
  }

  /** The bytes are looked at again: it may have been the memory that failed. */
  async #setAside(digest: Digest): Promise<void> {
    try {
      const found = await this.#parts.inspection.look(digest, { isHashed: true, pace: async () => {} });
      if (found.state !== "damaged") return;
      const setAsideTo = await this.#parts.quarantine.setAside(digest, found.seen);
      this.#log.error(
        "a stored blob is damaged: it was set aside and counts as absent; a cache downloads it again, a private image must be pushed again (see: berth fsck)",
        { digest, bytes: found.seen.size, setAsideTo },
      );
    } catch (cause) {
      this.#log.error("a stored blob is damaged, and could not be set aside; run berth fsck --repair", {
        digest,
        cause,
      });
    }
  }
}

/** Hashes what is read from the beginning to the end. A part proves nothing, so it is passed on as it is. */
class VerifyingReader implements BlobReader {
  readonly size: number;
  readonly #reader: BlobReader;
  readonly #digest: Digest;
  readonly #found: (isWhole: boolean) => void;
  #digester: Digester | undefined;

  constructor(reader: BlobReader, digest: Digest, found: (isWhole: boolean) => void) {
    this.size = reader.size;
    this.#reader = reader;
    this.#digest = digest;
    this.#found = found;
    this.#digester = new Digester(algorithmOf(digest));
  }

  expect(start: number, end: number): void {
    this.#reader.expect?.(start, end);
  }

  identity(): string | undefined {
    return this.#reader.identity?.();
  }

  /** A client that reads from there is not slowed down by a sample. */
  async locate(): Promise<string | undefined> {
    return this.#reader.locate?.();
  }

  async read(into: Buffer, position: number): Promise<number> {
    const count = await this.#reader.read(into, position);
    if (this.#digester?.length === position) this.#digester.update(into.subarray(0, count));
    else this.#digester = undefined;
    return count;
  }

  async prove(position: number): Promise<void> {
    const digester = this.#digester;
    if (position !== this.size || digester?.length !== this.size) return;
    this.#digester = undefined;
    const isWhole = digester.digest() === this.#digest;
    this.#found(isWhole);
    if (!isWhole) throw new Error(`the stored bytes of ${this.#digest} do not match it, so the rest is not sent`);
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}
