import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import { isOutOfRoom } from "../../storage/driver.js";
import type { Storage } from "../../storage/storage.js";
import type { Download } from "./download.js";
import { PassThroughReader } from "./pass-through-reader.js";
import type { RecentPieces } from "./recent-pieces.js";

/** More than so many, if slow, would each hold another piece in memory: they get copies in small buffers. */
const mostBorrowers = 100;

/** What a reader needs of those around it. */
interface DownloadReaderOptions {
  readonly storage: Storage;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** How many read along now. */
  readonly readers: () => number;
  /** Called once, when nothing more will be read. */
  readonly leave: () => void;
}

/**
 * Reads a blob while it grows, at its own speed and from wherever it likes. Where it has not come yet is waited for,
 * however far ahead that is: only of the whole blob can be proved that it is the right one.
 */
export class DownloadReader implements BlobReader {
  readonly size: number;
  readonly #download: Download;
  readonly #options: DownloadReaderOptions;
  #file: BlobReader | undefined;
  /** What is in memory of this file. */
  #recent: RecentPieces | undefined;
  #passThrough: PassThroughReader | undefined;

  constructor(download: Download, size: number, options: DownloadReaderOptions) {
    this.#download = download;
    this.size = size;
    this.#options = options;
  }

  /** Gives what is there, so that the first byte goes on as soon as it arrives; waits only where there is nothing. */
  async read(into: Buffer, position: number): Promise<number> {
    if (position >= this.size) return 0;
    const file = await this.#storedBeyond(position);
    if (file === undefined) {
      this.#passThrough ??= await this.#goOnWithoutRoom(position);
      return this.#passThrough.read(into, position);
    }
    const available = this.#download.progress.value - position;
    return file.read(into.subarray(0, Math.min(into.length, available)), position);
  }

  /** What has just arrived, or what others read, too. What they hold of it is bounded by their number. */
  async lend(position: number): Promise<Buffer | undefined> {
    if (position >= this.size) return undefined;
    const readers = this.#options.readers();
    // No read of a file gives the others their turn here.
    if (readers > 1) await nextTurn();
    const file = await this.#storedBeyond(position);
    const { recent, progress } = this.#download;
    if (file === undefined || recent === undefined || recent !== this.#recent || readers > mostBorrowers)
      return undefined;
    const arrived = recent.arrivedFrom(position);
    const piece = arrived ?? (readers > 1 ? await recent.readFrom(position, file, progress.value) : undefined);
    return piece?.subarray(0, progress.value - position);
  }

  async prove(position: number): Promise<void> {
    if ((await this.#storedBeyond(this.size - 1)) !== undefined) return;
    this.#passThrough ??= await this.#goOnWithoutRoom(position);
    await this.#passThrough.prove();
  }

  async close(): Promise<void> {
    this.#options.leave();
    await Promise.all([this.#file?.close(), this.#passThrough?.close()]);
  }

  /** Waits until what lies here goes beyond the position; `undefined` if there was no room for it. */
  async #storedBeyond(position: number): Promise<BlobReader | undefined> {
    if (this.#passThrough !== undefined) return undefined;
    try {
      await this.#download.progress.beyond(position, this.#options.signal);
    } catch (error) {
      if (!isOutOfRoom(error)) throw error;
      return undefined;
    }
    this.#file ??= await this.#open();
    return this.#file;
  }

  /** The file stays open when it gets its name, and when it is removed for want of room. */
  async #open(): Promise<BlobReader | undefined> {
    const { storage } = this.#options;
    const { digest } = this.#download.order;
    this.#recent = this.#download.recent;
    return (await storage.cache.download(digest).openRead()) ?? storage.blobs.open(digest);
  }

  /** The client has what is before the position: it must not notice that the disk is full. */
  #goOnWithoutRoom(position: number): Promise<PassThroughReader> {
    const { signal, log } = this.#options;
    const begun = this.#file && { begun: { reader: this.#file, position } };
    return PassThroughReader.open(this.#download.order, { ...begun, signal, log });
  }
}
