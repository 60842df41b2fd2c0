import type { BlobReader } from "../oci/blob-reader.js";

/** A range of bytes of a blob; `end` is exclusive. If it is infinite, the range ends with the blob. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Chooses the wanted part of a blob of this size; `undefined` for all of it.
 * @throws RegistryError if the blob has no such part
 */
export type WantedSpan = (size: number) => Span | undefined;

/** All of a blob. */
export const wholeBlob: WantedSpan = () => undefined;

/**
 * The bytes of one part of a blob, in order. Readers need not care about verification: the last bytes are returned only
 * when the whole blob is verified against its digest, even for a part, since a client trusts a complete response.
 */
export class SpanReader {
  /** The chosen part; `undefined` for the whole blob. */
  readonly span: Span | undefined;
  /** All of it, if it is small enough to be in memory. */
  readonly bytes: Buffer | undefined;
  readonly #reader: BlobReader;
  readonly #end: number;
  #position: number;

  /** Closes the reader if there is no such part. */
  static async open(reader: BlobReader, wanted: WantedSpan): Promise<SpanReader> {
    try {
      return new SpanReader(reader, wanted(reader.size));
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  private constructor(reader: BlobReader, span: Span | undefined) {
    const { start, end } = span ?? { start: 0, end: reader.size };
    this.span = span;
    this.bytes = reader.bytes?.subarray(start, end);
    this.#reader = reader;
    this.#position = start;
    this.#end = end;
    if (this.bytes === undefined) reader.expect?.(start, end);
  }

  /** An address where the client can read the whole blob by itself; `undefined` if there is none. */
  async locate(): Promise<string | undefined> {
    return this.#reader.locate?.();
  }

  /** Whether the last bytes may take long, since the blob must be verified first. */
  get isProvedLast(): boolean {
    return this.#reader.prove !== undefined;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#end;
  }

  /** The next bytes without a copy, if they are in memory anyway. The caller must not change them. */
  async readShared(): Promise<Buffer | undefined> {
    const shared = await this.#reader.readShared?.(this.#position);
    if (shared === undefined) return undefined;
    const next = shared.subarray(0, this.#end - this.#position);
    await this.#advance(next.length);
    return next;
  }

  /**
   * Copies the next bytes. `into` belongs to the reader until the promise settles.
   * @returns how many; 0 only at the end
   */
  async read(into: Buffer): Promise<number> {
    const count = await this.#reader.read(into.subarray(0, this.#end - this.#position), this.#position);
    if (count === 0 && !this.isAtEnd) await this.#mustEndHere();
    await this.#advance(count);
    return count;
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  /** Content of unknown size may also end because it was lost, so it must be verified too. @throws Error */
  async #mustEndHere(): Promise<void> {
    if (this.#end !== Number.POSITIVE_INFINITY)
      throw new Error(`the content ends at ${this.#position} of ${this.#end} bytes`);
    await this.#reader.prove?.(this.#position);
  }

  async #advance(count: number): Promise<void> {
    this.#position += count;
    if (this.#position === this.#end) await this.#reader.prove?.(this.#position);
  }
}
