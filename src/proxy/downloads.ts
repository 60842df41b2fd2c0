import type { Logger } from "../observability/logger.js";
import type { BlobReader } from "../oci/blob-reader.js";
import type { Digest } from "../oci/digest.js";
import type { Storage } from "../storage/storage.js";
import { Download, type DownloadOrder } from "./download.js";
import { DownloadReader } from "./download-reader.js";

interface Running {
  readonly download: Download;
  readers: number;
}

/** A blob that is being read while it is downloaded. */
export interface JoinedDownload {
  readonly reader: BlobReader;
  /** Whether somebody had asked for it before. */
  readonly isShared: boolean;
}

/** The downloads of this process: one for each digest, whoever asks. */
export class Downloads {
  readonly #storage: Storage;
  readonly #finishUnwatched: boolean;
  readonly #log: Logger;
  readonly #running = new Map<Digest, Running>();

  /** @param finishUnwatched whether a download goes on that nobody waits for any more */
  constructor(storage: Storage, finishUnwatched: boolean, log: Logger) {
    this.#storage = storage;
    this.#finishUnwatched = finishUnwatched;
    this.#log = log;
  }

  /**
   * Joins the download of a blob, or starts it. The caller closes the reader.
   * @throws what the upstream answered, if it has not even begun to send
   */
  async join(order: DownloadOrder, signal: AbortSignal): Promise<JoinedDownload> {
    const existing = this.#running.get(order.digest);
    const running = existing ?? this.#start(order);
    running.readers++;
    const leave = once(() => this.#leave(running));
    try {
      const size = running.download.size ?? (await this.#sizeOf(running.download, signal));
      // An upstream that refuses must be heard before the answer to the client begins.
      if (size > 0) await running.download.progress.beyond(0, signal);
      const reader = new DownloadReader(running.download, size, this.#storage, signal, leave);
      return { reader, isShared: existing !== undefined };
    } catch (error) {
      leave();
      throw error;
    }
  }

  #start(order: DownloadOrder): Running {
    const running = { download: new Download(order, this.#storage, this.#log), readers: 0 };
    this.#running.set(order.digest, running);
    void running.download.run().finally(() => this.#running.delete(order.digest));
    return running;
  }

  #leave(running: Running): void {
    running.readers--;
    if (running.readers === 0 && !this.#finishUnwatched) running.download.cancel();
  }

  /** The size is known with the first byte, if no manifest told it; of a blob without any, at its end. */
  async #sizeOf(download: Download, signal: AbortSignal): Promise<number> {
    await download.progress.beyond(0, signal);
    if (download.size === undefined) await download.progress.beyond(Number.MAX_SAFE_INTEGER, signal);
    return download.size ?? 0;
  }
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}
