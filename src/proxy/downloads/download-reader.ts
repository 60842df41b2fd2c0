import { setImmediate as nextTurn } from "node:timers/promises";
import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import type { Storage } from "../../storage/storage.js";
import { cannotBeKept } from "./cache-room.js";
import type { Download } from "./download.js";
import type { GrowingBlob } from "./growing-blob.js";
import { isWorthFetchingApart, LazyPart } from "./lazy-part.js";
import { PassThroughReader } from "./pass-through-reader.js";
import type { RecentPieces } from "./recent-pieces.js";

/** More than so many, if slow, would each hold another piece in memory: they get copies in small buffers. */
const mostBorrowers = 100;

/** What a reader needs of those around it. */
interface DownloadReaderOptions {
  readonly storage: Storage;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called when nothing more will be read. */
  readonly leave: () => void;
}

/**
 * Reads a blob while it grows, at its own speed and from wherever it likes. Where it has not come yet is waited for,
 * however far ahead that is, since only of the whole blob can be proved that it is the right one; but where the operator
 * says that clients verify parts themselves, a small one far ahead is fetched apart.
 */
export class DownloadReader implements BlobReader {
  readonly size: number;
  readonly #download: Download;
  readonly #blob: GrowingBlob;
  readonly #options: DownloadReaderOptions;
  #file: BlobReader | undefined;
  /** What is in memory of this file. */
  #recent: RecentPieces | undefined;
  #passThrough: PassThroughReader | undefined;
  #apart: LazyPart | undefined;

  constructor(download: Download, options: DownloadReaderOptions) {
    this.#download = download;
    this.#blob = download.blob;
    this.size = download.blob.size ?? Number.POSITIVE_INFINITY;
    this.#options = options;
  }

  expect(start: number, end: number): void {
    const { order } = this.#download;
    if (!isWorthFetchingApart(order, { start, end }, this.#blob.progress.value)) return;
    const { signal, log } = this.#options;
    this.#apart = new LazyPart(order, { start, end }, { signal, log });
  }

  /** Gives what is there, so that the first byte goes on as soon as it arrives; waits only where there is nothing. */
  async read(into: Buffer, position: number): Promise<number> {
    if (position >= this.size) return 0;
    if (this.#apart !== undefined && (await this.#isApart(this.#apart))) return this.#apart.read(into);
    const file = await this.#storedBeyond(position);
    if (file === undefined) {
      this.#passThrough ??= await this.#goOnWithoutRoom(position);
      return this.#passThrough.read(into, position);
    }
    const available = Math.max(0, this.#blob.progress.value - position);
    return file.read(into.subarray(0, Math.min(into.length, available)), position);
  }

  /** What has just arrived, or what others read, too. What they hold of it is bounded by their number. */
  async lend(position: number): Promise<Buffer | undefined> {
    if (position >= this.size || this.#apart !== undefined) return undefined;
    const readers = this.#download.watchers.count;
    // No read of a file gives the others their turn here.
    if (readers > 1) await nextTurn();
    const file = await this.#storedBeyond(position);
    const { recent, progress } = this.#blob;
    if (file === undefined || recent === undefined || recent !== this.#recent || readers > mostBorrowers)
      return undefined;
    const arrived = recent.arrivedFrom(position);
    const piece = arrived ?? (readers > 1 ? await recent.readFrom(position, file, progress.value) : undefined);
    const available = piece?.subarray(0, Math.max(0, progress.value - position));
    return available?.length === 0 ? undefined : available;
  }

  async prove(position: number): Promise<void> {
    if (this.#apart !== undefined) return;
    if ((await this.#storedBeyond(this.size - 1)) !== undefined) return;
    this.#passThrough ??= await this.#goOnWithoutRoom(position);
    await this.#passThrough.prove();
  }

  async close(): Promise<void> {
    this.#options.leave();
    this.#apart?.close();
    await Promise.all([this.#file?.close(), this.#passThrough?.close()]);
  }

  /** Where the part cannot be had apart, the download brings it. */
  async #isApart(part: LazyPart): Promise<boolean> {
    if (await part.isOpen()) return true;
    this.#apart = undefined;
    return false;
  }

  /** Waits until what lies here goes beyond the position, or all is here; `undefined` if it cannot be kept. */
  async #storedBeyond(position: number): Promise<BlobReader | undefined> {
    if (this.#passThrough !== undefined) return undefined;
    try {
      await this.#blob.progress.beyond(position, this.#options.signal);
    } catch (error) {
      if (!cannotBeKept(error)) throw error;
      return undefined;
    }
    this.#file ??= await this.#open();
    return this.#file;
  }

  /** The file stays open when it gets its name, and when it is removed for want of room. */
  async #open(): Promise<BlobReader | undefined> {
    const { storage } = this.#options;
    const { digest } = this.#download.order;
    this.#recent = this.#blob.recent;
    return (await storage.downloads.staged(digest).openRead()) ?? storage.blobs.open(digest);
  }

  /** The client has what is before the position: it must not notice that the disk is full. */
  #goOnWithoutRoom(position: number): Promise<PassThroughReader> {
    const { signal, log } = this.#options;
    const begun = this.#file && { begun: { reader: this.#file, position } };
    return PassThroughReader.open(this.#download.order, { ...begun, signal, log });
  }
}
