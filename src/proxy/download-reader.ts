import type { BlobReader } from "../oci/blob-reader.js";
import type { Storage } from "../storage/storage.js";
import type { Download } from "./download.js";

/** Reads a blob while it grows, at its own speed and from wherever it likes. */
export class DownloadReader implements BlobReader {
  readonly size: number;
  readonly #download: Download;
  readonly #storage: Storage;
  readonly #signal: AbortSignal;
  readonly #leave: () => void;
  #file: BlobReader | undefined;

  constructor(download: Download, size: number, storage: Storage, signal: AbortSignal, leave: () => void) {
    this.#download = download;
    this.size = size;
    this.#storage = storage;
    this.#signal = signal;
    this.#leave = leave;
  }

  /** Gives what is there, so that the first byte goes on as soon as it arrives; waits only where there is nothing. */
  async read(into: Buffer, position: number): Promise<number> {
    if (position >= this.size) return 0;
    await this.#download.progress.beyond(position, this.#signal);
    this.#file ??= await this.#open();
    const available = this.#download.progress.value - position;
    return this.#file.read(into.subarray(0, Math.min(into.length, available)), position);
  }

  async close(): Promise<void> {
    this.#leave();
    await this.#file?.close();
  }

  /** The file stays open when it gets its name. */
  async #open(): Promise<BlobReader> {
    const { digest } = this.#download.order;
    const file = (await this.#storage.cache.download(digest).openRead()) ?? (await this.#storage.blobs.open(digest));
    if (file === undefined) throw new Error(`the download of ${digest} is gone`);
    return file;
  }
}
