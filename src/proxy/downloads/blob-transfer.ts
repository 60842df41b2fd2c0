import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../observability/logger.js";
import type { Digest, Digester } from "../../oci/digest.js";
import type { Demand } from "../../upstream/limits/demand.js";
import type { BlobPart, UpstreamBlob } from "../../upstream/upstream-client.js";
import { isCut, UpstreamError } from "../../upstream/upstream-error.js";
import type { ContentCoding } from "../../upstream/wire/content-coding.js";
import { RecalledError } from "../../upstream/wire/wire-errors.js";
import { inKnownForm } from "./body-forms.js";
import { endless, onlyAPart, otherContent } from "./transfer-errors.js";
import type { WantedBlob } from "./wanted-blob.js";

export interface TransferOptions {
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Whether a client waits for it: a transfer without a client gives way. */
  readonly demand?: Demand;
  /** Called whenever a request is sent: until then the transfer waited for its turn. */
  readonly onAsked?: () => void;
  /** Time for the headers, if no client is made to wait for them. */
  readonly headersMs?: number;
}

/** Consecutive interruptions after which the transfer is still resumed. */
const breaksInARow = 4;
/**
 * Bytes between two interruptions that justify resuming; otherwise an upstream that sends one byte each time would be
 * asked forever.
 */
const worthwhileBytes = 64 * 1024;
const firstPauseMs = 200;

/** How far a blob without an announced length may exceed the size in its manifest. Wrong sizes there are common. */
const mostTimesTold = 4;
const alwaysAllowed = 64 * 1024 * 1024;

/**
 * A blob, or the rest of it, on its way from an upstream. It is hashed as it arrives. An interrupted transfer resumes
 * by Range; if that fails once, for any reason, the whole blob is requested, and the known bytes are skipped.
 */
export class BlobTransfer {
  readonly #wanted: WantedBlob;
  /** Has seen the bytes that are stored already. */
  readonly #digester: Digester;
  readonly #options: TransferOptions;
  #announced: number | undefined;
  #validator: string | undefined;
  #begun: UpstreamBlob | undefined;
  #codings: readonly ContentCoding[] = [];
  #mayResume = true;
  #received = 0;

  /** @param digester has seen the bytes that are stored already; the transfer adds those that follow */
  constructor(wanted: WantedBlob, digester: Digester, options: TransferOptions) {
    this.#wanted = wanted;
    this.#digester = digester;
    this.#options = options;
  }

  /** Bytes of the whole blob, if the upstream announced them. */
  get announced(): number | undefined {
    return this.#announced;
  }

  /** Bytes received from the network. */
  get received(): number {
    return this.#received;
  }

  /** The declared compression of the content. */
  get codings(): readonly ContentCoding[] {
    return this.#codings;
  }

  /** Whether the content is declared to be compressed, and it is not known yet whether that is true. */
  get isInDoubt(): boolean {
    return this.#codings.length > 0 && this.#wanted.policy.forms.known === undefined;
  }

  /** Asks the upstream for it; reads nothing yet. */
  async begin(): Promise<UpstreamBlob> {
    const offset = this.#mayResume ? this.#digester.length : 0;
    try {
      this.#begun = await this.#ask(offset);
    } catch (error) {
      if (offset === 0 || !(error instanceof UpstreamError) || !isCut(error)) throw error;
      this.#options.log.debug("a part of a blob is not available, so the whole is requested", { error });
      this.#mayResume = false;
      this.#begun = await this.#ask(0);
    }
    this.#announced ??= this.#begun.size;
    this.#validator = this.#begun.validator;
    this.#codings = this.#begun.codings;
    // A second compression of the same bytes may differ.
    if (this.#codings.length > 0) this.#mayResume = false;
    return this.#begun;
  }

  /** The bytes after the stored ones, in order. Call {@link prove} afterwards. */
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

  /** Bytes of the blob so far. */
  get length(): number {
    return this.#digester.length;
  }

  /** Of all bytes, including those stored before. Can be called once. */
  digest(): Digest {
    return this.#digester.digest();
  }

  /** @throws RegistryError if all bytes, including those stored before, do not match the digest. Can be called once. */
  prove(): void {
    const actual = this.digest();
    if (actual === this.#wanted.digest) return;
    this.#wanted.policy.forms.forget();
    throw otherContent(this.#wanted, { actual, size: this.length }, this.#options.log);
  }

  /** Ends a running transfer. */
  close(): void {
    this.#begun?.close();
  }

  #ask(offset: number): Promise<UpstreamBlob> {
    const { client, remoteName, digest, trail, size } = this.#wanted;
    const part: BlobPart = {
      offset,
      ...(size !== undefined && { expectedSize: size }),
      ...(this.#validator !== undefined && { validator: this.#validator }),
    };
    return client.getBlob(remoteName, digest, part, { ...this.#options, trail });
  }

  /** Skips the known bytes. @throws UpstreamError if it ends before the blob does */
  async *#rest(blob: UpstreamBlob): AsyncGenerator<Buffer, void, void> {
    const before = this.length;
    let skip = before - blob.start;
    try {
      for await (const bytes of inKnownForm(blob, this.#wanted)) {
        const fresh = bytes.subarray(Math.min(skip, bytes.length));
        skip -= bytes.length - fresh.length;
        if (fresh.length === 0) continue;
        this.#digester.update(fresh);
        this.#refuseEndless();
        this.#received += fresh.length;
        yield fresh;
      }
      const { end, size = this.#wanted.size } = blob;
      if (end === undefined || size === undefined || end >= size) return;
      // An upstream that sent only part of the whole sends the rest only by Range.
      this.#mayResume = blob.start === 0;
      throw onlyAPart(this.#wanted);
    } finally {
      blob.close();
      this.#begun = undefined;
      if (blob.start > 0 && this.length - before < worthwhileBytes) this.#mayResume = false;
    }
  }

  /** @throws UpstreamError if more arrives than any mistake in a manifest explains */
  #refuseEndless(): void {
    const { size } = this.#wanted;
    if (this.#announced !== undefined || size === undefined) return;
    if (this.length > mostTimesTold * size + alwaysAllowed) throw endless(this.#wanted, this.length);
  }

  /**
   * A body may have been cut exactly after the last byte, or have no end: trailers that drip, or none of them. If the
   * size in the manifest is wrong, so is the digest.
   */
  #isWhole(): boolean {
    return this.length > 0 && this.length === (this.#announced ?? this.#wanted.size);
  }

  /** @throws the error if resuming does not help */
  async #pauseAfter(error: unknown, breaks: number): Promise<void> {
    if (!(error instanceof UpstreamError) || !error.transient || breaks >= breaksInARow) throw error;
    const { digest } = this.#wanted;
    this.#options.log.warn("download interrupted; resuming", { digest, at: this.length, cause: error });
    await delay(firstPauseMs * 2 ** breaks, undefined, { signal: this.#options.signal });
  }
}
