import type { Logger } from "../../observability/logger.js";
import type { Storage } from "../../storage/storage.js";
import { Watchers } from "../../upstream/limits/demand.js";
import type { AskOptions } from "../../upstream/upstream.js";
import type { CachedHolders } from "../cached-holders.js";
import type { BlobOrder } from "./blob-order.js";
import type { CacheRoom } from "./cache-room.js";
import { DownloadReport } from "./download-report.js";
import { DownloadState } from "./download-state.js";
import { fetchBlob } from "./fetch-blob.js";
import { followOther } from "./follow-other.js";
import { linkStored } from "./link-stored.js";

/** The lock is acquired within this time, unless another process downloads the same blob. */
const lockMs = 1_000;

export interface DownloadOptions {
  readonly room: CacheRoom;
  readonly holders: CachedHolders;
  readonly log: Logger;
}

/**
 * One blob on its way from an upstream into the storage. It gets its name only when its digest is verified; until then,
 * readers get all but the last byte. Continues what an earlier process left unfinished.
 */
export class Download {
  readonly order: BlobOrder;
  /** The clients that wait for it now. */
  readonly watchers = new Watchers();
  readonly state: DownloadState;
  readonly #storage: Storage;
  readonly #options: DownloadOptions;
  readonly #abort = new AbortController();
  readonly #report = new DownloadReport();

  constructor(order: BlobOrder, storage: Storage, options: DownloadOptions) {
    this.order = order;
    this.state = new DownloadState(order.size);
    this.#storage = storage;
    this.#options = options;
  }

  /** Whether its size is known, from the manifest or the upstream. */
  get hasKnownEnd(): boolean {
    return this.order.size !== undefined || this.state.size !== undefined;
  }

  /** For the log. */
  noteClient(address: string): void {
    this.#report.noteClient(address);
  }

  /** Runs until the blob is stored. All readers receive a failure. */
  async run(): Promise<void> {
    const following = new AbortController();
    void this.#follow(following.signal);
    // Another process that has the lock has asked already.
    const hasOther = setTimeout(() => this.state.asked(), lockMs);
    const stopFollowing = () => {
      following.abort();
      clearTimeout(hasOther);
    };
    try {
      await this.#storage.downloads.lock(this.order.digest, async (lost) => {
        stopFollowing();
        const signal = AbortSignal.any([this.#abort.signal, lost]);
        signal.throwIfAborted();
        this.state.prove((await this.#stored(signal)) ?? (await this.#fetch(signal)));
      });
      this.#report.stored(this.order, this.state.readable, this.#options.log);
      this.state.store();
    } catch (error) {
      this.state.fail(error);
    } finally {
      stopFollowing();
    }
  }

  /** Gives up. The arrived bytes are kept for the next time. */
  cancel(reason = new Error("no client waits for the download any more")): void {
    this.#abort.abort(reason);
  }

  /** While another process has the lock, what it writes is read. */
  async #follow(stop: AbortSignal): Promise<void> {
    try {
      for await (const { size, whole } of followOther(this.#storage, this.order, this.#askOptions(stop), stop)) {
        this.state.begin(whole);
        this.state.arrived(size);
      }
    } catch (error) {
      if (stop.aborted) return;
      // Reported at once: the other download may take hours.
      this.state.fail(error);
      this.cancel();
    }
  }

  /** The size of the blob, if another download has stored it meanwhile. */
  async #stored(signal: AbortSignal): Promise<number | undefined> {
    const { name, digest } = this.order;
    const linked = await this.#storage.repository(name).findBlob(digest);
    if (linked !== undefined) return linked.size;
    return linkStored(this.#storage, this.#options.holders, this.order, this.#askOptions(signal));
  }

  #fetch(signal: AbortSignal): Promise<number> {
    const { order, state, watchers } = this;
    const options = { ...this.#askOptions(signal), headersMs: order.policy.blobTimeout };
    return fetchBlob(
      { order, state, watchers, storage: this.#storage, ...this.#options, report: this.#report },
      options,
    );
  }

  #askOptions(signal: AbortSignal): AskOptions {
    const { trail } = this.order;
    return { signal, log: this.#options.log, trail, demand: this.watchers, onAsked: () => this.state.asked() };
  }
}
