import type { Logger } from "../observability/logger.js";
import type { BlobReader } from "../oci/blob-reader.js";
import { isOutOfRoom } from "../storage/driver.js";
import type { Storage } from "../storage/storage.js";
import type { Download } from "./download.js";
import { PassThroughReader } from "./pass-through-reader.js";

/** What a reader needs of those around it. */
interface DownloadReaderOptions {
  readonly storage: Storage;
  readonly signal: AbortSignal;
  readonly log: Logger;
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
    return (await storage.cache.download(digest).openRead()) ?? storage.blobs.open(digest);
  }

  /** The client has what is before the position: it must not notice that the disk is full. */
  #goOnWithoutRoom(position: number): Promise<PassThroughReader> {
    const { signal, log } = this.#options;
    const begun = this.#file && { begun: { reader: this.#file, position } };
    return PassThroughReader.open(this.#download.order, { ...begun, signal, log });
  }
}
