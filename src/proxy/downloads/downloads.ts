import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import { RegistryError } from "../../oci/errors.js";
import { isOutOfRoom } from "../../oci/storage-error.js";
import type { Context } from "../../registry/context.js";
import type { Storage } from "../../storage/storage.js";
import { AbandonedDownloads } from "./abandoned-downloads.js";
import { cannotBeKept } from "./cache-room.js";
import { Download, type DownloadOptions } from "./download.js";
import type { DownloadObserver } from "./download-observer.js";
import { DownloadReader } from "./download-reader.js";
import { PassThroughReader } from "./pass-through-reader.js";
import { UnwatchedDownloads } from "./unwatched-downloads.js";
import type { WantedBlob } from "./wanted-blob.js";

/** How long nothing is stored after the disk was full: each attempt takes the last space from everyone else. */
const noRoomForMs = 10_000;

/** How long a download continues for a client that was told to retry, and when the client should do so. */
const comesBackWithinMs = 60_000;
const retrySeconds = 10;

interface Running {
  readonly download: Download;
  /** It continues until then, even without a client. */
  keptUntilMs: number;
}

/** A blob that is read while it is downloaded. */
export interface JoinedDownload {
  readonly reader: BlobReader;
  /** Whether another client requested it before. */
  readonly isShared: boolean;
}

interface DownloadsOptions extends DownloadOptions {
  /** Whether a download continues that no client waits for. */
  readonly finishUnwatched: boolean;
  readonly observers?: readonly DownloadObserver[];
}

/**
 * The downloads of this process: one for each blob of a repository, however many clients want it. If repositories or
 * processes want the same digest, one downloads it, and the others read what it writes.
 */
export class Downloads {
  readonly #storage: Storage;
  readonly #options: DownloadsOptions;
  readonly #running = new Map<string, Running>();
  readonly #unwatched = new UnwatchedDownloads();
  readonly #abandoned = new AbandonedDownloads();
  #hasNoRoomUntil = 0;

  constructor(storage: Storage, options: DownloadsOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  /**
   * Joins the download of a blob, or starts it. If it cannot be stored, the client still gets it. The caller closes the
   * reader.
   * @throws the upstream's failure, if it has not begun to send
   */
  async join(wanted: WantedBlob, context: Context): Promise<JoinedDownload> {
    const { signal, log, caller } = context;
    if (performance.now() < this.#hasNoRoomUntil) return passThrough(wanted, signal, log);
    if (this.#find(wanted) === undefined) await this.#abandoned.untilMayBegin(context);
    const existing = this.#find(wanted);
    const running = existing ?? this.#start(wanted);
    const { download } = running;
    download.noteClient(caller.address);
    const stopWatching = download.watchers.join();
    this.#unwatched.delete(download);
    const leave = () => {
      stopWatching();
      if (this.#leaveUnwatched(running)) this.#abandoned.note(caller);
    };
    try {
      await this.#headersOf(running, signal);
      // A blob that is declared empty has no last byte to hold back, so all of it must be verified first.
      if (download.state.size === 0) await download.state.untilReadable(0, signal);
      const reader = new DownloadReader(download, { storage: this.#storage, signal, log, leave });
      return { reader, isShared: existing !== undefined };
    } catch (error) {
      leave();
      if (cannotBeKept(error)) return passThrough(wanted, signal, log);
      throw error;
    }
  }

  /** One that has failed is not joined. */
  #find(wanted: WantedBlob): Running | undefined {
    const found = this.#running.get(keyOf(wanted));
    return found?.download.state.failure === undefined ? found : undefined;
  }

  #start(wanted: WantedBlob): Running {
    const noteUnwatched = () => this.#leaveUnwatched(running);
    const download = new Download(wanted, this.#storage, { ...this.#options, noteUnwatched });
    const running: Running = { download, keptUntilMs: 0 };
    this.#running.set(keyOf(wanted), running);
    for (const observer of this.#options.observers ?? []) observer.began(running.download);
    void running.download.run().finally(() => {
      for (const observer of this.#options.observers ?? []) observer.ended(running.download);
      this.#forget(running.download);
      this.#unwatched.delete(running.download);
      const { failure } = running.download.state;
      if (isOutOfRoom(failure)) this.#noteNoRoom(wanted, failure);
    });
    return running;
  }

  /**
   * The response to the client begins when the upstream's does: a refusal must be known before. An upstream that only
   * takes long, because it scans content or is a cache itself, gets the time; the client does not, since containerd
   * gives up after 30 s and would start again each time.
   */
  async #headersOf(running: Running, signal: AbortSignal): Promise<void> {
    const { state, wanted } = running.download;
    await state.untilAsked(signal);
    const late = AbortSignal.timeout(wanted.policy.answerTimeout);
    try {
      await state.untilArriving(AbortSignal.any([signal, late]));
    } catch (error) {
      if (error !== late.reason) throw error;
      running.keptUntilMs = performance.now() + comesBackWithinMs;
      setTimeout(() => this.#leaveUnwatched(running), comesBackWithinMs).unref();
      throw tooLate(wanted);
    }
  }

  #noteNoRoom({ name, digest }: WantedBlob, cause: unknown): void {
    this.#hasNoRoomUntil = performance.now() + noRoomForMs;
    this.#options.log.error("no room to cache a blob; clients get it, and it is not stored", {
      repository: name,
      digest,
      cause,
    });
  }

  /**
   * A download without clients continues only if the operator wants that, and within a limit.
   * @returns whether one was given up: this one, or another in its favour
   */
  #leaveUnwatched({ download, keptUntilMs }: Running): boolean {
    if (download.watchers.isWatched || download.state.hasEnded || performance.now() < keptUntilMs) return false;
    const { finishUnwatched } = this.#options;
    if (!finishUnwatched) download.cancel();
    const givenUp = finishUnwatched ? this.#unwatched.add(download) : download;
    if (givenUp === undefined) return false;
    this.#forget(givenUp);
    return true;
  }

  /** A client that arrives from now on must not join a download that gives up. */
  #forget(download: Download): void {
    const key = keyOf(download.wanted);
    if (this.#running.get(key)?.download === download) this.#running.delete(key);
  }
}

async function passThrough(wanted: WantedBlob, signal: AbortSignal, log: Logger): Promise<JoinedDownload> {
  return { reader: await PassThroughReader.open(wanted, { signal, log }), isShared: false };
}

function keyOf({ name, digest }: WantedBlob): string {
  return `${name}@${digest}`;
}

function tooLate({ client, digest, name }: WantedBlob): RegistryError {
  const message = `${client.name} has not begun to send ${digest} yet; Berth continues to fetch it, so retry later`;
  return new RegistryError("UNAVAILABLE", message, {
    detail: { upstream: client.name, name, digest },
    headers: { "Retry-After": String(retrySeconds) },
  });
}
