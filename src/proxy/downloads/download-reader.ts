import { nextTurn } from "../../foundation/event-loop-breaks.js";
import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import type { Storage } from "../../storage/storage.js";
import { cannotBeKept } from "./cache-room.js";
import type { Download } from "./download.js";
import type { DownloadState } from "./download-state.js";
import { requireKept, requireSameBytes } from "./earlier-file.js";
import { isWorthFetchingApart, LazyPart } from "./lazy-part.js";
import { PassThroughReader } from "./pass-through-reader.js";
import type { RecentPieces } from "./recent-pieces.js";

/**
 * If there are more readers, slow ones would each hold another piece in memory, so they get copies in small buffers.
 */
const mostSharers = 100;

/** What a reader needs from the download. */
interface DownloadReaderOptions {
  readonly storage: Storage;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Called when nothing more will be read. */
  readonly leave: () => void;
}

/**
 * Reads a blob while it grows, at its own speed and from any position. A position that has not arrived yet is waited
 * for, since only the whole blob can be verified. If the operator says that clients verify parts themselves, a small
 * part far ahead is fetched separately.
 */
export class DownloadReader implements BlobReader {
  readonly size: number;
  readonly #download: Download;
  readonly #state: DownloadState;
  readonly #options: DownloadReaderOptions;
  #file: BlobReader | undefined;
  /** Which of the download's files it is. */
  #beginning = 0;
  /** The pieces of this file that are in memory. */
  #recent: RecentPieces | undefined;
  #passThrough: PassThroughReader | undefined;
  #apart: LazyPart | undefined;

  constructor(download: Download, options: DownloadReaderOptions) {
    this.#download = download;
    this.#state = download.state;
    this.size = download.state.size ?? Number.POSITIVE_INFINITY;
    this.#options = options;
  }

  expect(start: number, end: number): void {
    const { wanted } = this.#download;
    if (!isWorthFetchingApart(wanted, { start, end }, this.#state.readable)) return;
    const { signal, log } = this.#options;
    this.#apart = new LazyPart(wanted, { start, end }, { signal, log });
  }

  /**
   * Returns what is available, so that the first bytes are passed on as soon as they arrive; waits only if there are
   * none.
   */
  async read(into: Buffer, position: number): Promise<number> {
    if (position >= this.size) return 0;
    if (this.#apart !== undefined && (await this.#isApart(this.#apart))) return this.#apart.read(into);
    const file = await this.#storedBeyond(position);
    if (file === undefined) {
      this.#passThrough ??= await this.#goOnWithoutRoom(position);
      return this.#passThrough.read(into, position);
    }
    const available = Math.max(0, this.#state.readable - position);
    if (available === 0) await requireKept(file, position);
    const count = await file.read(into.subarray(0, Math.min(into.length, available)), position);
    // A wrong blob is deleted while clients read it, and what is missing must not look like its end.
    if (count === 0 && available > 0) throw this.#state.failure ?? new Error(`the content was lost at ${position}`);
    return count;
  }

  /** Bytes that have just arrived, or that others read too. The number of readers bounds what they hold in memory. */
  async readShared(position: number): Promise<Buffer | undefined> {
    if (position >= this.size || this.#apart !== undefined) return undefined;
    const readers = this.#download.watchers.count;
    // No file is read here, which would let the other readers run.
    if (readers > 1) await nextTurn();
    const file = await this.#storedBeyond(position);
    const { recent } = this.#state;
    if (file === undefined || recent === undefined || recent !== this.#recent || readers > mostSharers)
      return undefined;
    const arrived = recent.arrivedFrom(position);
    const piece = arrived ?? (readers > 1 ? await recent.readFrom(position, file, this.#state.readable) : undefined);
    const available = piece?.subarray(0, Math.max(0, this.#state.readable - position));
    return available?.length === 0 ? undefined : available;
  }

  async prove(position: number): Promise<void> {
    if (this.#apart !== undefined) return;
    const file = await this.#storedBeyond(this.size - 1, position);
    if (file !== undefined) return requireKept(file, position);
    this.#passThrough ??= await this.#goOnWithoutRoom(position);
    await this.#passThrough.prove();
  }

  async close(): Promise<void> {
    this.#options.leave();
    this.#apart?.close();
    await Promise.all([this.#file?.close(), this.#passThrough?.close()]);
  }

  /** If the part cannot be fetched separately, the download brings it. */
  async #isApart(part: LazyPart): Promise<boolean> {
    if (await part.isOpen()) return true;
    this.#apart = undefined;
    return false;
  }

  /**
   * Waits until more than the position is stored, or everything is; `undefined` if it cannot be stored.
   * @param read the position after the last byte that the client may have
   */
  async #storedBeyond(position: number, read = position): Promise<BlobReader | undefined> {
    if (this.#passThrough !== undefined) return undefined;
    try {
      await this.#state.untilReadable(position, this.#options.signal);
    } catch (error) {
      if (!cannotBeKept(error)) throw error;
      return undefined;
    }
    this.#file ??= await this.#open();
    while (this.#beginning !== this.#state.beginnings) await this.#changeFile(read);
    return this.#file;
  }

  /** What the client has must be what the new file begins with: the old one may have held something else. */
  async #changeFile(position: number): Promise<void> {
    const old = this.#file;
    this.#file = await this.#open();
    try {
      await requireSameBytes(old, this.#file, position);
    } finally {
      await old?.close();
    }
  }

  /** The file stays open when it gets its name, and when it is deleted for lack of space. */
  async #open(): Promise<BlobReader | undefined> {
    const { storage } = this.#options;
    const { digest } = this.#download.wanted;
    this.#recent = this.#state.recent;
    this.#beginning = this.#state.beginnings;
    return (await storage.downloads.staged(digest).openRead()) ?? storage.blobs.open(digest);
  }

  /** The client has the bytes before the position: it must not notice that the disk is full. */
  #goOnWithoutRoom(position: number): Promise<PassThroughReader> {
    const { signal, log } = this.#options;
    const begun = this.#file && { begun: { reader: this.#file, position } };
    return PassThroughReader.open(this.#download.wanted, { ...begun, signal, log });
  }
}
