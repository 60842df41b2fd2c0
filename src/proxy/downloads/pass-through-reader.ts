import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import { algorithmOf, Digester } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import { hashReader } from "../../oci/hash-reader.js";
import type { BlobOrder } from "./blob-order.js";
import { BlobTransfer } from "./blob-transfer.js";

interface PassThroughOptions {
  /** What is here of the blob, and that the client has read up to `position`, if anything. */
  readonly begun?: { readonly reader: BlobReader; readonly position: number };
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * A blob that goes from the upstream to one client and is stored nowhere, because there is no room. It can only be
 * read forwards. All of it is hashed, also what the client does not want: its last byte is given out only when the
 * digest is proved.
 */
export class PassThroughReader implements BlobReader {
  readonly size: number;
  readonly #transfer: BlobTransfer;
  readonly #content: AsyncGenerator<Buffer, void, void>;
  #piece: Buffer = Buffer.alloc(0);
  /** Behind the piece; `undefined` at the end, which is proved then. */
  #next: Buffer | undefined = Buffer.alloc(0);
  /** Of the first byte of the piece in the blob. */
  #position: number;

  static async open(order: BlobOrder, options: PassThroughOptions): Promise<PassThroughReader> {
    const transfer = await begin(order, options);
    const reader = new PassThroughReader(order, transfer);
    try {
      // No byte of an empty blob can be held back until it is proved.
      if (reader.size === 0) await reader.prove();
    } catch (error) {
      transfer.close();
      throw error;
    }
    return reader;
  }

  private constructor(order: BlobOrder, transfer: BlobTransfer) {
    this.#transfer = transfer;
    this.#position = transfer.length;
    this.#content = transfer.content();
    const isTold = order.size === undefined || order.size === transfer.announced;
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

  /** Goes on to the piece with this byte, or to the end. */
  async #reach(position: number): Promise<void> {
    while (this.#position + this.#piece.length <= position && this.#next !== undefined) {
      if (this.#next.length === 0) this.#next = await this.#pieceAfter();
      if (this.#next === undefined) return;
      this.#position += this.#piece.length;
      this.#piece = this.#next;
      this.#next = this.#isInside() ? Buffer.alloc(0) : await this.#pieceAfter();
    }
  }

  /** Whether more must follow on the piece, so that it can be given out before that is there. */
  #isInside(): boolean {
    return Number.isFinite(this.size) && this.#position + this.#piece.length < this.size;
  }

  /** `undefined` at the end, which is right. */
  async #pieceAfter(): Promise<Buffer | undefined> {
    const { value, done } = await this.#content.next();
    if (!done) return value;
    this.#transfer.prove();
    return undefined;
  }
}

/**
 * Where a body may be compressed, both forms would have to be kept until one is proved: it is read once for that, and
 * once more in the form that was.
 */
async function begin(order: BlobOrder, { begun, signal, log }: PassThroughOptions): Promise<BlobTransfer> {
  const digester = new Digester(algorithmOf(order.digest));
  if (begun !== undefined) await hashReader(begun.reader, digester, begun.position);
  const transfer = new BlobTransfer(order, digester, { signal, log });
  await transfer.begin();
  if (!transfer.isInDoubt) return transfer;
  transfer.close();
  const { name } = order.upstream;
  throw new RegistryError("UNAVAILABLE", `there is no room to find out in which form ${name} sends ${order.digest}`);
}
