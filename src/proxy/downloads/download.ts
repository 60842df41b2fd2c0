import type { Cluster } from "../../cluster/cluster.js";
import type { Logger } from "../../observability/logger.js";
import type { Storage } from "../../storage/storage.js";
import { Watchers } from "../../upstream/limits/demand.js";
import type { RequestOptions } from "../../upstream/upstream-client.js";
import type { CachedHolders } from "../cached-holders.js";
import type { CacheRoom } from "./cache-room.js";
import { DownloadReport } from "./download-report.js";
import { DownloadState } from "./download-state.js";
import { fetchBlob, type RunningDownload } from "./fetch-blob.js";
import { followOther } from "./follow-other.js";
import { linkStored } from "./link-stored.js";
import { OfferedDownload } from "./offered-download.js";
import { SharedDownload } from "./shared-download.js";
import type { WantedBlob } from "./wanted-blob.js";

/** The lock is acquired within this time, unless another process downloads the same blob. */
const lockMs = 1_000;

export interface DownloadOptions {
  readonly room: CacheRoom;
  readonly holders: CachedHolders;
  readonly log: Logger;
  /** The other replicas, if they share downloads. */
  readonly cluster?: Cluster | undefined;
}

interface OwnOptions extends DownloadOptions {
  /** Called when a reader has left that was not one of this process's clients. */
  readonly noteUnwatched: () => void;
}

/**
 * One blob on its way from an upstream into the storage. It gets its name only when its digest is verified; until then,
 * readers get all but the last byte. Continues what an earlier process left unfinished.
 */
export class Download {
  readonly wanted: WantedBlob;
  /** The clients that wait for it now. */
  readonly watchers = new Watchers();
  readonly state: DownloadState;
  readonly #storage: Storage;
  readonly #options: OwnOptions;
  readonly #abort = new AbortController();
  readonly #report = new DownloadReport();
  /** If it is shared with other replicas. */
  readonly #shared: SharedDownload | undefined;

  constructor(wanted: WantedBlob, storage: Storage, options: OwnOptions) {
    this.wanted = wanted;
    this.state = new DownloadState(wanted.size);
    this.#storage = storage;
    this.#options = options;
    this.#shared = options.cluster && this.#sharedBy(options.cluster);
  }

  /** Whether its size is known, from the manifest or the upstream. */
  get hasKnownEnd(): boolean {
    return this.wanted.size !== undefined || this.state.size !== undefined;
  }

  /** Bytes that came over the network, when it has ended. */
  get fetched(): number {
    return this.#report.fetched;
  }

  /** For the log. */
  noteClient(address: string): void {
    this.#report.noteClient(address);
  }

  /** Runs until the blob is stored. All readers receive a failure. */
  async run(): Promise<void> {
    const following = new AbortController();
    // Another process that has the lock has asked already.
    const hasOther = setTimeout(() => this.state.asked(), lockMs);
    const stopFollowing = () => {
      following.abort();
      clearTimeout(hasOther);
    };
    try {
      const obtain = async (lost: AbortSignal) => {
        stopFollowing();
        const signal = AbortSignal.any([this.#abort.signal, lost]);
        signal.throwIfAborted();
        // What was read while another process had the lock may not be the file that it stored, or left.
        if (this.state.readable > 0 && !this.#storage.downloads.areStoredElsewhere) this.state.beginAnew();
        this.state.prove(await this.#obtain(signal));
      };
      // What an earlier process left is read only while another one continues it: it may be no part of the blob.
      const follow = () => void this.#follow(following.signal);
      await this.#storage.downloads.lock(this.wanted.digest, obtain, follow);
      this.#report.stored(this.wanted, this.state.readable, this.#options.log);
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
      for await (const { size, whole } of followOther(this.#storage, this.wanted, this.#requestOptions(stop), stop)) {
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
    const { name, digest } = this.wanted;
    const linked = await this.#storage.repository(name).findBlob(digest);
    if (linked !== undefined) return linked.size;
    return linkStored(this.#storage, this.#options.holders, this.wanted, this.#requestOptions(signal));
  }

  #obtain(signal: AbortSignal): Promise<number> {
    if (this.#shared !== undefined) return this.#shared.obtain(signal);
    return this.#storedOrFetched(signal);
  }

  async #storedOrFetched(signal: AbortSignal): Promise<number> {
    return (await this.#stored(signal)) ?? (await this.#fetch(signal));
  }

  #fetch(signal: AbortSignal): Promise<number> {
    const options = { ...this.#requestOptions(signal), headersMs: this.wanted.policy.blobTimeout };
    return fetchBlob(this.#running(), options);
  }

  #running(): RunningDownload {
    const { wanted, state, watchers } = this;
    return { wanted, state, watchers, storage: this.#storage, ...this.#options, report: this.#report };
  }

  #sharedBy(cluster: Cluster): SharedDownload {
    return new SharedDownload(this.#running(), cluster, {
      stored: (signal) => this.#stored(signal),
      fetch: (signal) => this.#fetch(signal),
      confirm: async (signal) => {
        const { client, remoteName, digest } = this.wanted;
        await client.headBlob(remoteName, digest, this.#requestOptions(signal));
      },
      offered: new OfferedDownload(this, this.#storage, this.#options.noteUnwatched),
    });
  }

  #requestOptions(signal: AbortSignal): RequestOptions {
    const { trail } = this.wanted;
    return { signal, log: this.#options.log, trail, demand: this.watchers, onSent: () => this.state.asked() };
  }
}
