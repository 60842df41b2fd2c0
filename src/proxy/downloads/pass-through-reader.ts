import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import { algorithmOf, Digester } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import { hashReader } from "../../oci/hash-reader.js";
import { BlobTransfer } from "./blob-transfer.js";
import type { WantedBlob } from "./wanted-blob.js";

interface PassThroughOptions {
  /** What is stored of the blob, and how far the client has read it, if at all. */
  readonly begun?: { readonly reader: BlobReader; readonly position: number };
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * A blob that is passed from the upstream to one client without being stored, because there is no space. It can only be
 * read forwards. All of it is hashed, even what the client does not want: its last byte is sent only when the digest is
 * verified.
 */
export class PassThroughReader implements BlobReader {
  readonly size: number;
  readonly #transfer: BlobTransfer;
  readonly #content: AsyncGenerator<Buffer, void, void>;
  #piece: Buffer = Buffer.alloc(0);
  /** The piece after the current one; `undefined` at the end, which is then verified. */
  #next: Buffer | undefined = Buffer.alloc(0);
  /** The position of the piece in the blob. */
  #position: number;

  static async open(wanted: WantedBlob, options: PassThroughOptions): Promise<PassThroughReader> {
    const transfer = await begin(wanted, options);
    const reader = new PassThroughReader(wanted, transfer);
    try {
      // An empty blob has no byte to hold back until it is verified.
      if (reader.size === 0) await reader.prove();
    } catch (error) {
      transfer.close();
      throw error;
    }
    return reader;
  }

  private constructor(wanted: WantedBlob, transfer: BlobTransfer) {
    this.#transfer = transfer;
    this.#position = transfer.length;
    this.#content = transfer.content();
    const isTold = wanted.size === undefined || wanted.size === transfer.announced;
    this.size = (isTold ? transfer.announced : undefined) ?? Number.POSITIVE_INFINITY;
  }

  async read(into: Buffer, position: number): Promise<number> {
    await this.#reach(position);
    return this.#piece.copy(into, 0, position - this.#position);
  }

  async prove(): Promise<void> {
    await this.#reach(Number.POSITIVE_INFINITY);
  }

  async close(): Promise<void> {
    this.#transfer.close();
  }

  /** Continues to the piece with this byte, or to the end. */
  async #reach(position: number): Promise<void> {
    while (this.#position + this.#piece.length <= position && this.#next !== undefined) {
      if (this.#next.length === 0) this.#next = await this.#pieceAfter();
      if (this.#next === undefined) return;
      this.#position += this.#piece.length;
      this.#piece = this.#next;
      this.#next = this.#isInside() ? Buffer.alloc(0) : await this.#pieceAfter();
    }
  }

  /** Whether more must follow the piece, so that it can be sent before that arrives. */
  #isInside(): boolean {
    return Number.isFinite(this.size) && this.#position + this.#piece.length < this.size;
  }

  /** `undefined` at the verified end. */
  async #pieceAfter(): Promise<Buffer | undefined> {
    const { value, done } = await this.#content.next();
    if (!done) return value;
    this.#transfer.prove();
    return undefined;
  }
}

/**
 * If a body may be compressed, both forms would have to be stored until one is verified. Instead it is downloaded once
 * to find out, and once more in the right form.
 */
async function begin(wanted: WantedBlob, { begun, signal, log }: PassThroughOptions): Promise<BlobTransfer> {
  const digester = new Digester(algorithmOf(wanted.digest));
  if (begun !== undefined) {
    await hashReader(begun.reader, digester, begun.position);
    // Emptied, because it was no part of the blob: the rest would not make the client's bytes right.
    if (digester.length < begun.position) throw new Error(`the content was lost at ${digester.length}`);
  }
  const transfer = new BlobTransfer(wanted, digester, { signal, log });
  await transfer.begin();
  if (!transfer.isInDoubt) return transfer;
  transfer.close();
  const { name } = wanted.client;
  throw new RegistryError(
    "UNAVAILABLE",
    `there is no space to find out whether ${name} sends ${wanted.digest} compressed`,
  );
}
