import type { BlobReader } from "../../oci/blob-reader.js";
import { algorithmOf, type Digest, Digester } from "../../oci/digest.js";
import type { UnfinishedCopy } from "../local-copies.js";
import type { CopyDisk } from "./copy-disk.js";
import type { NearBytes } from "./near-reader.js";

/** Read while the bytes before are written. */
const pieceBytes = 256 * 1024;

/** How a fill ended: the bytes are those of the digest, or others, or it is not known. */
export type FillOutcome = "right" | "wrong" | "unknown";

/**
 * Copies a blob from the store to the local disk, once for all that read it meanwhile, and hashes it on the way. Only
 * what has the right digest becomes a copy.
 */
export class CopyFill {
  readonly outcome: Promise<FillOutcome>;
  /** When nothing happens to the copy any more. */
  readonly ended: Promise<unknown>;
  readonly #disk: CopyDisk;
  readonly #digest: Digest;
  readonly #size: number;
  #copy: UnfinishedCopy | undefined;
  #length = 0;
  #isOver = false;
  #isAbandoned = false;
  #wake: () => void = () => {};
  #progress: Promise<void> = this.#nextProgress();

  /**
   * @param source is read from its beginning; the caller closes it
   * @param unneeded called if there can be no copy, so that the source is not read
   */
  constructor(disk: CopyDisk, digest: Digest, source: BlobReader, unneeded: () => void) {
    this.#disk = disk;
    this.#digest = digest;
    this.#size = source.size;
    this.outcome = this.#fill(source, unneeded);
    this.ended = this.outcome.then((outcome) => this.#end(outcome));
  }

  /** How many bytes can be read. */
  get length(): number {
    return this.#length;
  }

  /** Reads what has been copied, or will be; `undefined` if it has ended early: the store has the bytes. */
  reader(): NearBytes["read"] {
    const read = this.#disk.reader((into, position) => this.#copy?.read(into, position));
    return async (into, position) => {
      while (position >= this.#length && !this.#isOver) await this.#progress;
      const length = Math.min(into.length, this.#length - position);
      return length <= 0 ? undefined : read(into.subarray(0, length), position);
    };
  }

  /** Nobody reads any more. What is nearly whole is copied to its end. */
  leave(): void {
    this.#isAbandoned = this.#length < this.#size / 2;
  }

  /** Nobody will read any more, and it has ended. */
  async close(): Promise<void> {
    await this.#copy?.close().catch(() => {});
  }

  async #fill(source: BlobReader, unneeded: () => void): Promise<FillOutcome> {
    try {
      this.#copy = await this.#disk.begin(nameOf(this.#digest), this.#size);
      if (this.#copy !== undefined) return await this.#copyFrom(source, this.#copy);
      unneeded();
      return "unknown";
    } catch {
      // The store failed. The reader asks it again, and gets the error.
      return "unknown";
    } finally {
      this.#isOver = true;
      this.#wake();
    }
  }

  async #copyFrom(source: BlobReader, copy: UnfinishedCopy): Promise<FillOutcome> {
    const digester = new Digester(algorithmOf(this.#digest));
    let [piece, next] = [Buffer.allocUnsafe(pieceBytes), Buffer.allocUnsafe(pieceBytes)];
    source.expect?.(0, this.#size);
    let count = await source.read(piece, 0);
    while (count > 0) {
      if (this.#isAbandoned) return "unknown";
      const bytes = piece.subarray(0, count);
      const written = this.#disk.attempt(async () => {
        await copy.append(bytes);
        return true;
      });
      digester.update(bytes);
      const [read, isWritten] = await Promise.all([source.read(next, digester.length), written]);
      if (isWritten === undefined) return "unknown";
      count = read;
      this.#advance(bytes.length);
      [piece, next] = [next, piece];
    }
    return digester.digest() === this.#digest ? "right" : "wrong";
  }

  #advance(bytes: number): void {
    this.#length += bytes;
    this.#disk.use.filledBytes += bytes;
    this.#wake();
    this.#progress = this.#nextProgress();
  }

  async #end(outcome: FillOutcome): Promise<void> {
    const copy = this.#copy;
    if (copy === undefined) return;
    const isFinished =
      outcome === "right" &&
      (await this.#disk.attempt(async () => {
        await copy.finish();
        return true;
      }));
    if (isFinished) this.#disk.worked();
    else await copy.discard().catch(() => {});
  }

  #nextProgress(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The name of the copy of a blob. */
export function nameOf(digest: Digest): string {
  return digest.replace(":", "-");
}
