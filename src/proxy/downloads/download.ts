import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../observability/logger.js";
import { algorithmOf, Digester } from "../../oci/digest.js";
import { hashReader } from "../../oci/hash-reader.js";
import { isOutOfRoom, type StagedObject } from "../../storage/driver.js";
import type { Storage } from "../../storage/storage.js";
import { claim } from "../ownership.js";
import { type BlobOrder, BlobTransfer } from "./blob-transfer.js";
import { linkStored } from "./link-stored.js";
import { Progress } from "./progress.js";
import { readAhead } from "./read-ahead.js";
import { RecentPieces } from "./recent-pieces.js";

/** How often a process that only reads along looks how far the one that downloads has come. */
const lookEachMs = 50;

/** Bytes that are made free at least, if so many are missing. */
const leastRoom = 64 * 1024 * 1024;

export interface DownloadOptions {
  /** Frees so many bytes, if it may, and tells how many it has freed. */
  makeRoom(bytes: number): Promise<number>;
  readonly log: Logger;
}

/**
 * One blob on its way from an upstream into the storage. It gets its name only when its digest is proved; who reads
 * along gets all but the last byte before. What an earlier process left unfinished is gone on with.
 */
export class Download {
  readonly order: BlobOrder;
  readonly #storage: Storage;
  readonly #makeRoom: DownloadOptions["makeRoom"];
  readonly #log: Logger;
  readonly #staged: StagedObject;
  readonly #abort = new AbortController();
  readonly progress = new Progress();
  #recent: RecentPieces | undefined;
  #size: number | undefined;
  #received = 0;
  /** Clients that asked for it while it ran. */
  readonly #clients = new Set<string>();

  constructor(order: BlobOrder, storage: Storage, { makeRoom, log }: DownloadOptions) {
    this.order = order;
    this.#storage = storage;
    this.#makeRoom = makeRoom;
    this.#log = log;
    this.#staged = storage.cache.download(order.digest);
    this.#size = order.size;
  }

  /** Bytes of the whole blob, as soon as that is known. */
  get size(): number | undefined {
    return this.#size;
  }

  /** What of it is in memory. Another one belongs to another file: what was left by a process may turn out to be wrong. */
  get recent(): RecentPieces | undefined {
    return this.#recent;
  }

  /** For the log. */
  noteClient(address: string): void {
    this.#clients.add(address);
  }

  /** Runs until the blob is stored. Failures are told to all who read along. */
  async run(): Promise<void> {
    const startedAt = performance.now();
    const watching = this.#watchOther();
    try {
      await this.#storage.cache.lockDownload(this.order.digest, async (lost) => {
        watching.abort();
        await this.#fetchUnlessStored(AbortSignal.any([this.#abort.signal, lost]));
      });
      this.#logEnd(startedAt);
      this.progress.end();
    } catch (error) {
      this.progress.end(error instanceof Error ? error : new Error(String(error)));
    } finally {
      watching.abort();
    }
  }

  /** Gives up, for want of anybody who waits. What arrived stays for the next time. */
  cancel(): void {
    this.#abort.abort(new Error("nobody waits for the download any more"));
  }

  /** Another process may be downloading: what it has written can be read along. */
  #watchOther(): AbortController {
    const stop = new AbortController();
    // What fails here fails in the download as well, which tells it.
    this.#lookUntil(stop.signal).catch(() => {});
    return stop;
  }

  async #lookUntil(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const stat = await this.#staged.stat();
      if (stat !== undefined) this.#size ??= await this.#storage.cache.downloadSize(this.order.digest);
      if (stat !== undefined && !stop.aborted) this.#advance(stat.size);
      await delay(lookEachMs);
    }
  }

  async #fetchUnlessStored(signal: AbortSignal): Promise<void> {
    const { digest, name } = this.order;
    const stored =
      (await this.#storage.findBlob(name, digest))?.size ??
      (await linkStored(this.#storage, this.order, signal, this.#log));
    if (stored === undefined) await this.#fetchIntoRoom(signal);
    this.#size ??= stored;
    // Another process has stored it, and whoever reads along here was told otherwise.
    if (stored !== undefined && stored !== this.#size)
      throw new Error(`${digest} has ${stored} bytes, and not ${this.#size}`);
    this.progress.advance(this.#size ?? 0);
  }

  /**
   * On a full disk older content goes, if it may; else all that came goes, since a part only takes the room that others
   * need. No more goes at once than has come: what a manifest says of the size may be a lie.
   */
  async #fetchIntoRoom(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        return await this.#fetch(signal);
      } catch (error) {
        if (!isOutOfRoom(error)) throw error;
        const arrived = (await this.#staged.stat())?.size ?? 0;
        const missing = (this.#size ?? Number.POSITIVE_INFINITY) - arrived;
        if ((await this.#makeRoom(Math.min(missing, Math.max(arrived, leastRoom)))) > 0) continue;
        await this.#staged.discard();
        throw error;
      }
    }
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const digester = await this.#rehash();
    const transfer = new BlobTransfer(this.order, digester, signal, this.#log);
    try {
      await transfer.begin();
      this.#size ??= transfer.size;
      const { name, digest, upstream } = this.order;
      await claim(this.#storage, name, upstream.name);
      if (this.#size !== undefined) await this.#storage.cache.noteDownloadSize(digest, this.#size);
      this.#recent = new RecentPieces();
      await this.#staged.append(digester.length, this.#told(digester.length, transfer, this.#recent));
      await this.#prove(transfer);
      // `berth cache rm` may have removed the repository meanwhile.
      await claim(this.#storage, name, upstream.name);
      await this.#storage.addBlob(name, digest, this.#staged);
      await this.#storage.cache.forgetDownloadSize(digest);
    } finally {
      transfer.close();
      this.#received += transfer.received;
    }
  }

  /** What the storage has taken when it asks for more is there to be read. */
  async *#told(offset: number, transfer: BlobTransfer, recent: RecentPieces): AsyncGenerator<Buffer, void, void> {
    let written = offset;
    for await (const piece of readAhead(transfer.content())) {
      yield piece;
      recent.add(written, piece);
      written += piece.length;
      this.#advance(written);
    }
  }

  /** The last byte is held back until the digest is proved: no client must take a wrong blob for whole. */
  #advance(written: number): void {
    this.progress.advance(this.#size === undefined ? written - 1 : Math.min(written, this.#size - 1));
  }

  async #prove(transfer: BlobTransfer): Promise<void> {
    try {
      transfer.prove();
      this.#size = transfer.size;
    } catch (error) {
      // Told before it is done: who comes from now on must not join this one.
      this.progress.end(error instanceof Error ? error : new Error(String(error)));
      await this.#staged.spoil();
      await this.#storage.cache.forgetDownloadSize(this.order.digest);
      throw error;
    }
  }

  /** Hashes what an earlier transfer left; what is longer than the blob cannot be a part of it. */
  async #rehash(): Promise<Digester> {
    const digester = new Digester(algorithmOf(this.order.digest));
    const reader = await this.#staged.openRead();
    if (reader === undefined) return digester;
    try {
      const isPart = this.#size === undefined || reader.size <= this.#size;
      if (isPart) await hashReader(reader, digester, reader.size);
      else await this.#staged.discard();
    } finally {
      await reader.close();
    }
    return digester;
  }

  #logEnd(startedAt: number): void {
    const { name, digest, upstream } = this.order;
    this.#log.info("blob cached", {
      repository: name,
      digest,
      upstream: upstream.name,
      bytes: this.#size,
      fetched: this.#received,
      seconds: Math.round(performance.now() - startedAt) / 1000,
      clients: [...this.#clients].join(" "),
    });
  }
}
