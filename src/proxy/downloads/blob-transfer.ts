import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../observability/logger.js";
import type { Digest, Digester } from "../../oci/digest.js";
import type { Interest } from "../../upstream/limits/interest.js";
import type { BlobPart, UpstreamBlob } from "../../upstream/upstream.js";
import { isCut, UpstreamError } from "../../upstream/upstream-error.js";
import { type ContentCoding, decoded } from "../../upstream/wire/content-coding.js";
import { RecalledError } from "../../upstream/wire/wire-errors.js";
import type { BlobOrder } from "./blob-order.js";
import { endless, onlyAPart, otherContent, undecodable } from "./transfer-errors.js";

export interface TransferOptions {
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Whether anybody waits for it: what nobody waits for gives way. */
  readonly interest?: Interest;
  /** Called whenever the upstream is asked: until then the transfer waited for its turn. */
  readonly onAsked?: () => void;
  /** Time for the headers, if nobody is made to wait for them. */
  readonly headersMs?: number;
}

/** Breaks of a transfer in a row that are mended. */
const breaksInARow = 4;
/** Bytes between two breaks that make it worth going on: an upstream that sends one each time would be asked for ever. */
const worthwhileBytes = 64 * 1024;
const firstPauseMs = 200;

/** How far beyond the size in its manifest a blob may go that has no announced length. Wrong sizes there are common. */
const mostTimesTold = 4;
const alwaysAllowed = 64 * 1024 * 1024;

/**
 * A blob, or the rest of it, on its way from an upstream. It is hashed as it arrives. A broken transfer goes on by Range;
 * when that fails once, in whatever way, the whole is asked for and what is here is passed over.
 */
export class BlobTransfer {
  readonly #order: BlobOrder;
  /** Has seen what is here already. */
  readonly #digester: Digester;
  readonly #options: TransferOptions;
  #announced: number | undefined;
  #validator: string | undefined;
  #begun: UpstreamBlob | undefined;
  #codings: readonly ContentCoding[] = [];
  #mayResume = true;
  #received = 0;

  /** @param digester has seen what is here already; the transfer brings what follows, and shows it to it */
  constructor(order: BlobOrder, digester: Digester, options: TransferOptions) {
    this.#order = order;
    this.#digester = digester;
    this.#options = options;
  }

  /** Bytes of the whole blob, where the upstream says so. */
  get announced(): number | undefined {
    return this.#announced;
  }

  /** Bytes that came over the wire. */
  get received(): number {
    return this.#received;
  }

  /** How the content is said to be compressed. */
  get codings(): readonly ContentCoding[] {
    return this.#codings;
  }

  /** Whether the content is said to be compressed, and nothing tells yet whether it is. */
  get isInDoubt(): boolean {
    return this.#codings.length > 0 && this.#order.manners.forms.known === undefined;
  }

  /** Hears whether the upstream has it, before anything is read. */
  async begin(): Promise<UpstreamBlob> {
    const offset = this.#mayResume ? this.#digester.length : 0;
    try {
      this.#begun = await this.#ask(offset);
    } catch (error) {
      if (offset === 0 || !(error instanceof UpstreamError) || !isCut(error)) throw error;
      this.#options.log.debug("a part of a blob cannot be had, and the whole is asked for", { error });
      this.#mayResume = false;
      this.#begun = await this.#ask(0);
    }
    this.#announced ??= this.#begun.size;
    this.#validator = this.#begun.validator;
    this.#codings = this.#begun.codings;
    // Another compression of the same bytes need not be the same.
    if (this.#codings.length > 0) this.#mayResume = false;
    return this.#begun;
  }

  /** What follows on that which is here, in order. {@link prove} it afterwards. */
  async *content(): AsyncGenerator<Buffer, void, void> {
    for (let breaks = 0; ; breaks++) {
      const before = this.length;
      try {
        yield* this.#rest(this.#begun ?? (await this.begin()));
        return;
      } catch (error) {
        if (this.#isWhole()) return;
        if (error instanceof RecalledError || this.length - before >= worthwhileBytes) breaks = 0;
        if (!(error instanceof RecalledError)) await this.#pauseAfter(error, breaks);
      }
    }
  }

  /** Bytes of the blob that are here. */
  get length(): number {
    return this.#digester.length;
  }

  /** Of all that came, and was here before. May be asked once. */
  digest(): Digest {
    return this.#digester.digest();
  }

  /** @throws RegistryError if all that came, and was here before, is not what the digest names. May be asked once. */
  prove(): void {
    const actual = this.digest();
    if (actual === this.#order.digest) return;
    this.#order.manners.forms.forget();
    throw otherContent(this.#order, { actual, size: this.length }, this.#options.log);
  }

  /** Breaks off what is under way. */
  close(): void {
    this.#begun?.close();
  }

  #ask(offset: number): Promise<UpstreamBlob> {
    const { upstream, remoteName, digest, via, size } = this.#order;
    const part: BlobPart = {
      offset,
      ...(size !== undefined && { expectedSize: size }),
      ...(this.#validator !== undefined && { validator: this.#validator }),
    };
    return upstream.getBlob(remoteName, digest, part, { ...this.#options, via });
  }

  /** What is here already is passed over. @throws UpstreamError if it ends before the blob does */
  async *#rest(blob: UpstreamBlob): AsyncGenerator<Buffer, void, void> {
    const before = this.length;
    let skip = before - blob.start;
    try {
      for await (const bytes of this.#inForm(blob)) {
        const fresh = bytes.subarray(Math.min(skip, bytes.length));
        skip -= bytes.length - fresh.length;
        if (fresh.length === 0) continue;
        this.#digester.update(fresh);
        this.#refuseEndless();
        this.#received += fresh.length;
        yield fresh;
      }
      const { end, size = this.#order.size } = blob;
      if (end === undefined || size === undefined || end >= size) return;
      // Whoever sends no more than a part of the whole sends the rest by Range alone.
      this.#mayResume = blob.start === 0;
      throw onlyAPart(this.#order);
    } finally {
      blob.close();
      this.#begun = undefined;
      if (blob.start > 0 && this.length - before < worthwhileBytes) this.#mayResume = false;
    }
  }

  /** @throws UpstreamError if more comes than any mistake in a manifest explains */
  #refuseEndless(): void {
    const { size } = this.#order;
    if (this.#announced !== undefined || size === undefined) return;
    if (this.length > mostTimesTold * size + alwaysAllowed) throw endless(this.#order, this.length);
  }

  #inForm({ content, codings }: UpstreamBlob): AsyncIterable<Buffer> {
    const isDecoded = codings.length > 0 && this.#order.manners.forms.known === "decoded";
    return isDecoded ? this.#undone(decoded(content, codings)) : content;
  }

  async *#undone(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
    try {
      yield* content;
    } catch (error) {
      if (!isZlibError(error)) throw error;
      this.#order.manners.forms.forget();
      throw undecodable(this.#order, error);
    }
  }

  /** A body without a length may be cut behind its last byte. */
  #isWhole(): boolean {
    return this.length > 0 && this.length === this.#announced;
  }

  /** @throws the error if going on does not help */
  async #pauseAfter(error: unknown, breaks: number): Promise<void> {
    if (!(error instanceof UpstreamError) || !error.transient || breaks >= breaksInARow) throw error;
    const { digest } = this.#order;
    this.#options.log.warn("download interrupted; resuming", { digest, at: this.length, cause: error });
    await delay(firstPauseMs * 2 ** breaks, undefined, { signal: this.#options.signal });
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("Z_");
}
