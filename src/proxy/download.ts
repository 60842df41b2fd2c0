import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../observability/logger.js";
import { algorithmOf, type Digest, Digester } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StagedObject } from "../storage/driver.js";
import type { Storage } from "../storage/storage.js";
import type { Upstream, UpstreamBlob } from "../upstream/upstream.js";
import { UpstreamError } from "../upstream/upstream-error.js";
import { Progress } from "./progress.js";

/** What is downloaded, and from where. */
export interface DownloadOrder {
  readonly upstream: Upstream;
  /** What the repository is called there. */
  readonly remoteName: RepositoryName;
  readonly name: RepositoryName;
  readonly digest: Digest;
  /** Bytes, if a manifest told. */
  readonly size: number | undefined;
}

/** Breaks of a transfer in a row, without a byte between them, that are mended by resuming. */
const breaksInARow = 4;
const firstPauseMs = 200;
const rehashBytes = 1024 * 1024;

/** How often a process that only reads along looks how far the one that downloads has come. */
const lookEachMs = 50;

/**
 * One blob on its way from an upstream into the storage. It is hashed as it arrives and gets its name only when that
 * is proved; who reads along gets all but the last byte before. A broken transfer goes on where it ended, also one of
 * an earlier process.
 */
export class Download {
  readonly order: DownloadOrder;
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #staged: StagedObject;
  readonly #abort = new AbortController();
  readonly progress = new Progress();
  #size: number | undefined;
  #received = 0;

  constructor(order: DownloadOrder, storage: Storage, log: Logger) {
    this.order = order;
    this.#storage = storage;
    this.#log = log;
    this.#staged = storage.cache.download(order.digest);
    this.#size = order.size;
  }

  /** Bytes of the whole blob, as soon as that is known. */
  get size(): number | undefined {
    return this.#size;
  }

  /** Runs until the blob is stored. Failures are told to all who read along. */
  async run(): Promise<void> {
    const startedAt = performance.now();
    const watching = this.#watchOther();
    try {
      await this.#storage.cache.lockDownload(this.order.digest, async () => {
        watching.abort();
        await this.#fetchUnlessStored();
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
      if (stat !== undefined) this.#advance(stat.size);
      await delay(lookEachMs);
    }
  }

  async #fetchUnlessStored(): Promise<void> {
    const { digest, name } = this.order;
    const stored = await this.#storage.blobs.size(digest);
    if (stored === undefined) await this.#fetch();
    else await this.#storage.linkBlob(name, digest);
    const size = stored ?? this.#size;
    if (size !== undefined) this.progress.advance(size);
  }

  async #fetch(): Promise<void> {
    const { digest, name } = this.order;
    let digester = await this.#rehash();
    for (let breaks = 0; ; breaks++) {
      const before = digester.length;
      try {
        await this.#receive(digester);
        break;
      } catch (error) {
        if (!(error instanceof UpstreamError) || !error.transient) throw error;
        if (digester.length > before) breaks = 0;
        if (breaks >= breaksInARow) throw error;
        this.#log.warn("download broke off and goes on", { digest, at: digester.length, cause: error });
        await delay(firstPauseMs * 2 ** breaks, undefined, { signal: this.#abort.signal });
        digester = await this.#rehashIfBehind(digester);
      }
    }
    await this.#verify(digester);
    await this.#storage.addBlob(name, digest, this.#staged);
  }

  async #receive(digester: Digester): Promise<void> {
    const { upstream, remoteName, digest } = this.order;
    const offset = digester.length;
    if (offset > 0 && offset === this.#size) return;
    const part = { offset, ...(this.#size === undefined ? {} : { expectedSize: this.#size }) };
    const options = { signal: this.#abort.signal, log: this.#log };
    const blob = await upstream.getBlob(remoteName, digest, part, options);
    this.#size ??= blob.size;
    await this.#staged.append(offset, this.#tracked(blob, digester));
  }

  /** What the storage has taken when it asks for more is there to be read. */
  async *#tracked(blob: UpstreamBlob, digester: Digester): AsyncIterable<Buffer> {
    // An upstream without Range sends all again: what is here already is passed over.
    let skip = digester.length - blob.start;
    try {
      for await (const bytes of blob.content) {
        const fresh = bytes.subarray(Math.min(skip, bytes.length));
        skip -= bytes.length - fresh.length;
        if (fresh.length === 0) continue;
        digester.update(fresh);
        yield fresh;
        this.#received += fresh.length;
        this.#advance(digester.length);
      }
    } finally {
      blob.close();
    }
  }

  /** The last byte is held back until the digest is proved: no client must take a wrong blob for whole. */
  #advance(written: number): void {
    this.progress.advance(this.#size === undefined ? written - 1 : Math.min(written, this.#size - 1));
  }

  async #verify(digester: Digester): Promise<void> {
    const { digest, upstream } = this.order;
    const size = digester.length;
    const actual = digester.digest();
    if (actual === digest) {
      this.#size = size;
      return;
    }
    await this.#staged.discard();
    this.#log.warn("upstream sent other content than asked for; nothing of it was kept", {
      upstream: upstream.name,
      digest,
      actual,
      size,
    });
    throw new RegistryError("UNAVAILABLE", `${upstream.name} sent other content than ${digest}`, { status: 502 });
  }

  /** Hashes what an earlier transfer left. */
  async #rehash(): Promise<Digester> {
    const digester = new Digester(algorithmOf(this.order.digest));
    const reader = await this.#staged.openRead();
    if (reader === undefined) return digester;
    try {
      const buffer = Buffer.allocUnsafe(rehashBytes);
      for (let count = await reader.read(buffer, 0); count > 0; count = await reader.read(buffer, digester.length)) {
        digester.update(buffer.subarray(0, count));
      }
    } finally {
      await reader.close();
    }
    return digester;
  }

  /** A failed write may have left less than was hashed. */
  async #rehashIfBehind(digester: Digester): Promise<Digester> {
    const stat = await this.#staged.stat();
    return (stat?.size ?? 0) === digester.length ? digester : this.#rehash();
  }

  #logEnd(startedAt: number): void {
    const { name, digest, upstream } = this.order;
    this.#log.info("blob cached", {
      repository: name,
      digest,
      upstream: upstream.name,
      size: this.#size,
      fetched: this.#received,
      ms: Math.round(performance.now() - startedAt),
    });
  }
}
