import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import type { LocalCopies, UnfinishedCopy } from "../local-copies.js";
import type { NearBytes } from "./near-reader.js";

/** A disk that takes longer than this counts as failed, since a client is waiting. */
const patienceMs = 3_000;

const readAtOnce = 256 * 1024;

/** After a failure, the disk is left alone for this long. */
const pauseMs = 60_000;

/** How often copies were used since the process started. */
export interface CopyUse {
  /** Blobs that were opened and have a copy; are being copied; have none. */
  hit: number;
  shared: number;
  miss: number;
  /** Bytes that were read here, and not from the store. */
  readBytes: number;
  /** Bytes that were copied from the store. */
  filledBytes: number;
}

/**
 * The local copies, on a disk that may be full or faulty, which never stops a client from reading from the store. A
 * failure returns `undefined`, is logged once until the disk works again, and pauses the use of the disk.
 */
export class CopyDisk {
  readonly use: CopyUse = { hit: 0, shared: 0, miss: 0, readBytes: 0, filledBytes: 0 };
  readonly copies: LocalCopies;
  readonly #log: Logger;
  #pausedUntil = 0;
  #isInTrouble = false;

  constructor(copies: LocalCopies, log: Logger) {
    this.copies = copies;
    this.#log = log;
  }

  get isUsable(): boolean {
    return performance.now() >= this.#pausedUntil;
  }

  open(name: string): Promise<BlobReader | undefined> {
    return this.attempt(
      () => this.copies.open(name),
      (late) => void late?.close().catch(() => {}),
    );
  }

  begin(name: string, size: number): Promise<UnfinishedCopy | undefined> {
    const drop = async (late: UnfinishedCopy | undefined) => {
      await late?.discard().catch(() => {});
      await late?.close().catch(() => {});
    };
    return this.attempt(
      () => this.copies.begin(name, size),
      (late) => void drop(late),
    );
  }

  async delete(name: string): Promise<void> {
    await this.attempt(() => this.copies.delete(name));
  }

  /**
   * Reads a copy for one client, through a buffer of its own: a read that comes too late must not write into that of
   * the client. After a failure it reads nothing any more.
   */
  reader(read: (into: Buffer, position: number) => Promise<number> | undefined): NearBytes["read"] {
    let buffer: Buffer | undefined;
    let hasFailed = false;
    return async (into, position) => {
      if (hasFailed) return undefined;
      buffer ??= Buffer.allocUnsafe(readAtOnce);
      const piece = buffer.subarray(0, into.length);
      const count = await this.attempt(async () => read(piece, position));
      hasFailed = count === undefined;
      if (count === undefined) return undefined;
      this.use.readBytes += count;
      return piece.copy(into, 0, 0, count);
    };
  }

  /** The copy was written as a whole, so the disk works. */
  worked(): void {
    if (!this.#isInTrouble) return;
    this.#isInTrouble = false;
    this.#log.info("the local cache is used again", { root: this.copies.place });
  }

  /**
   * @param dropLate is given a result that comes after the patience has ended
   * @returns `undefined` if the disk fails, or takes too long
   */
  async attempt<Result>(
    action: () => Promise<Result>,
    dropLate: (result: Result) => void = () => {},
  ): Promise<Result | undefined> {
    const running = action();
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`the disk did not answer for ${patienceMs / 1000} s`));
        running.then(dropLate, () => {});
      }, patienceMs);
    });
    try {
      return await Promise.race([running, tooLate]);
    } catch (cause) {
      this.#failed(cause);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(cause: unknown): void {
    this.#pausedUntil = performance.now() + pauseMs;
    if (this.#isInTrouble) return;
    this.#isInTrouble = true;
    this.#log.warn(
      "the local cache cannot be used, so blobs are read from the bucket; check the disk of storage.s3.localCache",
      { root: this.copies.place, cause },
    );
  }
}
