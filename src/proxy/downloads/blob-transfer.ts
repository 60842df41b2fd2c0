import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../observability/logger.js";
import type { Digest, Digester } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Upstream, UpstreamBlob } from "../../upstream/upstream.js";
import { UpstreamError } from "../../upstream/upstream-error.js";

/** What is fetched, and from where. */
export interface BlobOrder {
  readonly upstream: Upstream;
  /** What the repository is called there. */
  readonly remoteName: RepositoryName;
  readonly name: RepositoryName;
  readonly digest: Digest;
  /** Bytes, if a manifest told. */
  readonly size: number | undefined;
  /** `Via` of the client that asked first. */
  readonly via: string | undefined;
}

/** Breaks of a transfer in a row that are mended by resuming. */
const breaksInARow = 4;
/** Bytes between two breaks that make it worth going on: an upstream that sends one each time would be asked for ever. */
const worthwhileBytes = 64 * 1024;
const firstPauseMs = 200;

/** A blob, or the rest of it, on its way from an upstream. It is hashed as it arrives, and a broken transfer goes on. */
export class BlobTransfer {
  readonly #order: BlobOrder;
  /** Has seen what is here already. */
  readonly #digester: Digester;
  readonly #signal: AbortSignal;
  readonly #log: Logger;
  #size: number | undefined;
  #validator: string | undefined;
  #begun: UpstreamBlob | undefined;
  #received = 0;

  /** @param digester has seen what is here already; the transfer brings what follows, and shows it to it */
  constructor(order: BlobOrder, digester: Digester, signal: AbortSignal, log: Logger) {
    this.#order = order;
    this.#digester = digester;
    this.#signal = signal;
    this.#log = log;
    this.#size = order.size;
  }

  /** Bytes of the whole blob, as soon as that is known. */
  get size(): number | undefined {
    return this.#size;
  }

  /** Bytes that came over the wire. */
  get received(): number {
    return this.#received;
  }

  /** Hears whether the upstream has it, before anything is read. */
  async begin(): Promise<void> {
    if (this.#isWhole()) return;
    const offset = this.#digester.length;
    const part = {
      offset,
      ...(this.#size !== undefined && { expectedSize: this.#size }),
      ...(this.#validator !== undefined && { validator: this.#validator }),
    };
    const { upstream, remoteName, digest, via } = this.#order;
    this.#begun = await upstream.getBlob(remoteName, digest, part, { signal: this.#signal, log: this.#log, via });
    this.#size ??= this.#begun.size;
    this.#validator = this.#begun.validator;
  }

  /** What follows on that which is here, in order. {@link prove} it afterwards. */
  async *content(): AsyncGenerator<Buffer, void, void> {
    for (let breaks = 0; ; breaks++) {
      const before = this.#digester.length;
      try {
        if (this.#begun === undefined) await this.begin();
        yield* this.#rest();
        return;
      } catch (error) {
        if (!(error instanceof UpstreamError) || !error.transient) throw error;
        if (this.#digester.length - before >= worthwhileBytes) breaks = 0;
        if (breaks >= breaksInARow) throw error;
        const at = this.#digester.length;
        this.#log.warn("download broke off and goes on", { digest: this.#order.digest, at, cause: error });
        await delay(firstPauseMs * 2 ** breaks, undefined, { signal: this.#signal });
      }
    }
  }

  /** @throws RegistryError if all that came, and was here before, is not what the digest names. May be asked once. */
  prove(): void {
    const { digest, upstream } = this.#order;
    const size = this.#digester.length;
    const actual = this.#digester.digest();
    if (actual === digest) {
      this.#size = size;
      return;
    }
    const { name } = upstream;
    this.#log.warn("upstream sent other content than asked for; nothing of it was kept", {
      upstream: name,
      digest,
      actual,
      size,
    });
    throw new RegistryError("UNAVAILABLE", `${name} sent other content than ${digest}`, { status: 502 });
  }

  /** Breaks off what is under way. */
  close(): void {
    this.#begun?.close();
  }

  async *#rest(): AsyncGenerator<Buffer, void, void> {
    const blob = this.#begun;
    if (blob === undefined) return;
    // An upstream without Range sends all again: what is here already is passed over.
    let skip = this.#digester.length - blob.start;
    try {
      for await (const bytes of blob.content) {
        const fresh = bytes.subarray(Math.min(skip, bytes.length));
        skip -= bytes.length - fresh.length;
        if (fresh.length === 0) continue;
        this.#digester.update(fresh);
        this.#received += fresh.length;
        yield fresh;
      }
    } finally {
      blob.close();
      this.#begun = undefined;
    }
  }

  #isWhole(): boolean {
    return this.#digester.length > 0 && this.#digester.length === this.#size;
  }
}
