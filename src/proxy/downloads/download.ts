import type { Logger } from "../../observability/logger.js";
import { isOutOfRoom } from "../../oci/storage-error.js";
import type { StagedObject } from "../../storage/staging.js";
import type { Storage } from "../../storage/storage.js";
import { Watchers } from "../../upstream/limits/demand.js";
import type { AskOptions } from "../../upstream/upstream.js";
import type { CachedHolders } from "../cached-holders.js";
import { claim } from "../ownership.js";
import { beginTransfer } from "./begin-transfer.js";
import type { BlobOrder } from "./blob-order.js";
import type { BlobTransfer } from "./blob-transfer.js";
import { ArrivalBound, type CacheRoom, cannotBeKept, refuseLarger } from "./cache-room.js";
import { DownloadReport } from "./download-report.js";
import { takeInEncoded } from "./encoded-body.js";
import { GrowingBlob } from "./growing-blob.js";
import { linkStored } from "./link-stored.js";
import { Progress } from "./progress.js";
import { readAhead } from "./read-ahead.js";
import { lookAlong } from "./reading-along.js";
import { RecentPieces } from "./recent-pieces.js";
import { isWorthless } from "./unwatched-downloads.js";

/** The least that is freed if space is missing. */
const leastRoom = 64 * 1024 * 1024;

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
  readonly blob = new GrowingBlob();
  /** Begins when the upstream is asked: until then it waits for its turn. */
  readonly turn = new Progress();
  readonly #storage: Storage;
  readonly #options: DownloadOptions;
  readonly #staged: StagedObject;
  readonly #abort = new AbortController();
  readonly #report = new DownloadReport();

  constructor(order: BlobOrder, storage: Storage, options: DownloadOptions) {
    this.order = order;
    this.#storage = storage;
    this.#options = options;
    this.#staged = storage.downloads.staged(order.digest);
  }

  /** Whether its size is known, from the manifest or the upstream. */
  get hasKnownEnd(): boolean {
    return this.order.size !== undefined || this.blob.size !== undefined;
  }

  /** Bytes of the blob so far. */
  get received(): number {
    return this.blob.progress.value;
  }

  /** For the log. */
  noteClient(address: string): void {
    this.#report.noteClient(address);
  }

  /** Runs until the blob is stored. All readers receive a failure. */
  async run(): Promise<void> {
    const looking = new AbortController();
    void this.#readAlong(looking.signal);
    // Another process that has the lock has asked already.
    const hasOther = setTimeout(() => this.turn.begin(), lockMs);
    try {
      await this.#storage.downloads.lock(this.order.digest, async (lost) => {
        looking.abort();
        clearTimeout(hasOther);
        await this.#fetchUnlessStored(AbortSignal.any([this.#abort.signal, lost]));
      });
      this.#report.stored(this.order, this.received, this.#options.log);
      this.blob.progress.end();
    } catch (error) {
      this.blob.fail(error);
    } finally {
      looking.abort();
      clearTimeout(hasOther);
      this.turn.end();
    }
  }

  /** Gives up. The arrived bytes are kept for the next time. */
  cancel(reason = new Error("no client waits for the download any more")): void {
    this.#abort.abort(reason);
  }

  async #readAlong(stop: AbortSignal): Promise<void> {
    try {
      for await (const { size, whole } of lookAlong(this.#storage, this.order, this.#asking(stop), stop)) {
        this.blob.begin(this.#agreed(whole));
        this.blob.arrived(size);
      }
    } catch (error) {
      if (stop.aborted) return;
      // Reported at once: the other download may take hours.
      this.blob.fail(error);
      this.cancel();
    }
  }

  async #fetchUnlessStored(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { digest, name } = this.order;
    const stored =
      (await this.#storage.repository(name).findBlob(digest))?.size ??
      (await linkStored(this.#storage, this.#options.holders, this.order, this.#asking(signal)));
    this.blob.proved(stored ?? (await this.#fetchIntoRoom(signal)));
  }

  /**
   * On a full disk, older content is deleted, if allowed; otherwise the arrived bytes are, since a part only takes the
   * space that others need. Never deletes more than has arrived, and nothing for more than the upstream announced: that
   * may be a lie.
   */
  async #fetchIntoRoom(signal: AbortSignal): Promise<number> {
    for (;;) {
      const { blobTimeout: headersMs } = this.order.policy;
      const transfer = await beginTransfer(this.order, this.#staged, { ...this.#asking(signal), headersMs });
      const around = { storage: this.#storage, room: this.#options.room };
      const blob = { expected: transfer.announced ?? this.order.size, arrived: transfer.length };
      const bound = new ArrivalBound(around, this.watchers, blob);
      try {
        refuseLarger(transfer.announced, around.room);
        return await this.#fetch(transfer, bound, signal);
      } catch (error) {
        if (isWorthless(signal.reason, transfer.length)) await this.#storage.downloads.drop(this.order.digest);
        if (!cannotBeKept(error)) throw error;
        if (isOutOfRoom(error) && (await this.#makeRoom(bound))) continue;
        await this.#storage.downloads.drop(this.order.digest);
        throw error;
      } finally {
        bound.release();
        transfer.close();
        this.#report.noteFetched(transfer.received);
      }
    }
  }

  async #makeRoom({ missing }: ArrivalBound): Promise<boolean> {
    const arrived = (await this.#staged.stat())?.size ?? 0;
    const wanted = Math.min(missing, Math.max(arrived, leastRoom));
    return wanted > 0 && (await this.#options.room.makeRoom(wanted)) > 0;
  }

  /** @returns the size of the blob, which is then stored */
  async #fetch(transfer: BlobTransfer, bound: ArrivalBound, signal: AbortSignal): Promise<number> {
    const { name, digest, upstream } = this.order;
    await claim(this.#storage, name, upstream.name);
    this.blob.begin(this.#agreed(transfer.codings.length === 0 ? transfer.announced : undefined));
    if (this.blob.size === undefined) await this.#storage.downloads.forgetSize(digest);
    else await this.#storage.downloads.noteSize(digest, this.blob.size);
    const parts = { storage: this.#storage, bound, largest: this.#options.room.largest, log: this.#options.log };
    const staged = transfer.isInDoubt
      ? await takeInEncoded(this.order, transfer, parts)
      : await this.#takeIn(transfer, bound);
    const size = (await staged.stat())?.size ?? 0;
    // Without the lock, another process may be writing to the same file.
    signal.throwIfAborted();
    // `berth cache rm` may have removed the repository meanwhile.
    await claim(this.#storage, name, upstream.name);
    await this.#storage.repository(name).addBlob(digest, staged);
    this.#options.holders.note(digest, name);
    await this.#storage.downloads.forgetSize(digest);
    return size;
  }

  /** The upstream's size counts; clients are told none if the manifest gives another one. */
  #agreed(announced: number | undefined): number | undefined {
    const { size } = this.order;
    return size === undefined || size === announced ? announced : undefined;
  }

  async #takeIn(transfer: BlobTransfer, bound: ArrivalBound): Promise<StagedObject> {
    const recent = new RecentPieces();
    this.blob.recent = recent;
    await this.#staged.append(transfer.length, this.#published(transfer, bound, recent));
    try {
      transfer.prove();
    } catch (error) {
      // Reported first: a client that arrives from now on must not join this download.
      this.blob.fail(error);
      await this.#staged.spoil();
      await this.#storage.downloads.forgetSize(this.order.digest);
      throw error;
    }
    return this.#staged;
  }

  /** When the storage asks for more, what it has taken can be read. */
  async *#published(
    transfer: BlobTransfer,
    bound: ArrivalBound,
    recent: RecentPieces,
  ): AsyncGenerator<Buffer, void, void> {
    let written = transfer.length;
    this.blob.arrived(written);
    for await (const piece of readAhead(transfer.content())) {
      bound.admit(piece.length);
      yield piece;
      recent.add(written, piece);
      written += piece.length;
      this.blob.arrived(written);
    }
  }

  #asking(signal: AbortSignal): AskOptions {
    const { trail } = this.order;
    return { signal, log: this.#options.log, trail, demand: this.watchers, onAsked: () => this.turn.begin() };
  }
}
