import type { GrowingBlob } from "../../cluster/offers.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import type { Storage } from "../../storage/storage.js";
import type { Watchers } from "../../upstream/limits/demand.js";
import type { DownloadState } from "./download-state.js";
import type { WantedBlob } from "./wanted-blob.js";

const readAtOnce = 256 * 1024;

interface RunningHere {
  readonly wanted: WantedBlob;
  readonly state: DownloadState;
  readonly watchers: Watchers;
}

/** A running download, as other replicas read it. Each counts as a client that waits for it. */
export class OfferedDownload implements GrowingBlob {
  readonly #download: RunningHere;
  readonly #storage: Storage;
  readonly #noteLeft: () => void;

  constructor(download: RunningHere, storage: Storage, noteLeft: () => void) {
    this.#download = download;
    this.#storage = storage;
    this.#noteLeft = noteLeft;
  }

  get size(): number | undefined {
    return this.#download.state.size;
  }

  async untilArriving(signal: AbortSignal): Promise<void> {
    const leave = this.#download.watchers.join();
    try {
      await this.#download.state.untilArriving(signal);
    } finally {
      leave();
      this.#noteLeft();
    }
  }

  async *from(start: number, signal: AbortSignal): AsyncGenerator<Buffer, void, void> {
    const { state, watchers } = this.#download;
    const leave = watchers.join();
    let file: BlobReader | undefined;
    try {
      for (let position = start; ; ) {
        await state.untilReadable(position, signal);
        if (state.readable <= position) return;
        const arrived = state.recent?.arrivedFrom(position)?.subarray(0, state.readable - position);
        file ??= arrived === undefined ? await this.#open() : undefined;
        const piece = arrived ?? (await this.#read(file, position));
        yield piece;
        position += piece.length;
      }
    } finally {
      leave();
      this.#noteLeft();
      await file?.close();
    }
  }

  async #open(): Promise<BlobReader | undefined> {
    const { digest } = this.#download.wanted;
    return (await this.#storage.downloads.staged(digest).openRead()) ?? this.#storage.blobs.open(digest);
  }

  /** @throws if the file ends before: it was found to be wrong, and emptied */
  async #read(file: BlobReader | undefined, position: number): Promise<Buffer> {
    const { state, wanted } = this.#download;
    const buffer = Buffer.allocUnsafe(Math.min(readAtOnce, state.readable - position));
    const count = (await file?.read(buffer, position)) ?? 0;
    if (count === 0) throw new Error(`the content of ${wanted.digest} ends at ${position}`);
    return buffer.subarray(0, count);
  }
}
