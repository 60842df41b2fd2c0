import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import type { Context } from "../../registry/context.js";
import { isOutOfRoom } from "../../storage/driver.js";
import type { Storage } from "../../storage/storage.js";
import type { BlobOrder } from "./blob-transfer.js";
import { Download, type DownloadOptions } from "./download.js";
import { DownloadReader } from "./download-reader.js";
import { PassThroughReader } from "./pass-through-reader.js";

/** How long nothing is tried to be kept after a disk was found full: each try takes the last room from all others. */
const noRoomForMs = 10_000;

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

interface DownloadsOptions extends DownloadOptions {
  /** Whether a download goes on that nobody waits for any more. */
  readonly finishUnwatched: boolean;
}

/**
 * The downloads of this process: one for each blob of a repository, whoever asks. Where repositories, or processes, want
 * the same digest, one downloads, and the others read along what it writes.
 */
export class Downloads {
  readonly #storage: Storage;
  readonly #options: DownloadsOptions;
  readonly #running = new Map<string, Running>();
  #hasNoRoomUntil = 0;

  constructor(storage: Storage, options: DownloadsOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  /**
   * Joins the download of a blob, or starts it; where there is no room for it, the client gets it all the same. The
   * caller closes the reader.
   * @throws what the upstream answered, if it has not even begun to send
   */
  async join(order: BlobOrder, { signal, log, caller }: Context): Promise<JoinedDownload> {
    if (performance.now() < this.#hasNoRoomUntil) return passThrough(order, signal, log);
    const found = this.#running.get(keyOf(order));
    const existing = found?.download.progress.failure === undefined ? found : undefined;
    const running = existing ?? this.#start(order);
    running.download.noteClient(caller.address);
    running.readers++;
    const leave = once(() => this.#leave(running));
    try {
      const size = running.download.size ?? (await this.#sizeOf(running.download, signal));
      // An upstream that refuses must be heard before the answer to the client begins. Of a blob that is said to be empty
      // no byte can be held back, so all of it must be proved.
      await running.download.progress.beyond(size > 0 ? 0 : Number.MAX_SAFE_INTEGER, signal);
      const readers = () => running.readers;
      const reader = new DownloadReader(running.download, size, {
        storage: this.#storage,
        signal,
        log,
        readers,
        leave,
      });
      return { reader, isShared: existing !== undefined };
    } catch (error) {
      leave();
      if (isOutOfRoom(error)) return passThrough(order, signal, log);
      throw error;
    }
  }

  /** Whether the blob is on its way, and only for other repositories. */
  runsElsewhere(order: BlobOrder): boolean {
    if (this.#running.has(keyOf(order))) return false;
    return [...this.#running.values()].some(({ download }) => download.order.digest === order.digest);
  }

  #start(order: BlobOrder): Running {
    const running = { download: new Download(order, this.#storage, this.#options), readers: 0 };
    this.#running.set(keyOf(order), running);
    void running.download.run().finally(() => {
      this.#forget(running);
      if (isOutOfRoom(running.download.progress.failure)) this.#noteNoRoom(order, running.download.progress.failure);
    });
    return running;
  }

  #noteNoRoom({ name, digest }: BlobOrder, cause: unknown): void {
    this.#hasNoRoomUntil = performance.now() + noRoomForMs;
    this.#options.log.error("there is no room to cache a blob; clients get it without it being kept", {
      repository: name,
      digest,
      cause,
    });
  }

  #leave(running: Running): void {
    running.readers--;
    if (running.readers > 0 || this.#options.finishUnwatched) return;
    running.download.cancel();
    // Who comes now must not join one that gives up.
    this.#forget(running);
  }

  #forget(running: Running): void {
    const key = keyOf(running.download.order);
    if (this.#running.get(key) === running) this.#running.delete(key);
  }

  /** The size is known with the first byte, if no manifest told it; of a blob without any, at its end. */
  async #sizeOf(download: Download, signal: AbortSignal): Promise<number> {
    await download.progress.beyond(0, signal);
    if (download.size === undefined) await download.progress.beyond(Number.MAX_SAFE_INTEGER, signal);
    return download.size ?? 0;
  }
}

async function passThrough(order: BlobOrder, signal: AbortSignal, log: Logger): Promise<JoinedDownload> {
  return { reader: await PassThroughReader.open(order, { signal, log }), isShared: false };
}

function keyOf({ name, digest }: BlobOrder): string {
  return `${name}@${digest}`;
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}
