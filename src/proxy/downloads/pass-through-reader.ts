import type { Logger } from "../../observability/logger.js";
import type { BlobReader } from "../../oci/blob-reader.js";
import { algorithmOf, Digester } from "../../oci/digest.js";
import { RegistryError } from "../../oci/errors.js";
import { hashReader } from "../../oci/hash-reader.js";
import { type BlobOrder, BlobTransfer } from "./blob-transfer.js";

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
  /** Of the first byte of the piece in the blob. */
  #position: number;

  static async open(order: BlobOrder, { begun, signal, log }: PassThroughOptions): Promise<PassThroughReader> {
    const digester = new Digester(algorithmOf(order.digest));
    if (begun !== undefined) await hashReader(begun.reader, digester, begun.position);
    const position = digester.length;
    const transfer = new BlobTransfer(order, digester, signal, log);
    await transfer.begin();
    const reader = new PassThroughReader(transfer, position);
    try {
      if (transfer.size === undefined) throw unknownSize(order);
      // No byte of an empty blob can be held back until it is proved.
      if (transfer.size === 0) await reader.#proveEnd();
    } catch (error) {
      transfer.close();
      throw error;
    }
    return reader;
  }

  private constructor(transfer: BlobTransfer, position: number) {
    this.#transfer = transfer;
    this.#content = transfer.content();
    this.#position = position;
    this.size = transfer.size ?? 0;
  }

  async read(into: Buffer, position: number): Promise<number> {
    await this.#reach(position);
    return this.#piece.copy(into, 0, position - this.#position);
  }

  async prove(): Promise<void> {
    await this.#reach(this.size - 1);
  }

  async close(): Promise<void> {
    this.#transfer.close();
  }

  /** Goes on to the piece with this byte; with the last piece the whole is proved. */
  async #reach(position: number): Promise<void> {
    while (this.#position + this.#piece.length <= position) {
      this.#position += this.#piece.length;
      const { value, done } = await this.#content.next();
      if (done) throw new Error(`the upstream ends at ${this.#position} of ${this.size} bytes`);
      this.#piece = value;
      if (this.#position + value.length >= this.size) await this.#proveEnd();
    }
  }

  async #proveEnd(): Promise<void> {
    if (!(await this.#content.next()).done) throw new Error("the upstream sends more than the blob has");
    this.#transfer.prove();
  }
}

/** The answer to a client begins with the size, and nothing may be kept until it is known. */
function unknownSize({ digest, upstream }: BlobOrder): RegistryError {
  const message = `there is no room to keep ${digest}, and ${upstream.name} does not say how large it is`;
  return new RegistryError("UNAVAILABLE", message, { detail: { digest, upstream: upstream.name } });
}
