import type { BlobReader } from "../../../oci/blob-reader.js";

const firstCapacity = 4 * 1024;

/** Bytes that are appended to while others read them. Existing bytes never move while a reader uses them. */
export class GrowingBytes {
  #buffer = Buffer.alloc(0);
  #length = 0;
  readonly #now: () => number;
  #modifiedMs: number;

  /** @param now the time at which bytes are appended, in milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#modifiedMs = now();
  }

  get length(): number {
    return this.#length;
  }

  /** When it last grew, in milliseconds since 1970. */
  get modifiedMs(): number {
    return this.#modifiedMs;
  }

  /** The whole content, without a copy. */
  get content(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  append(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) this.#grow(length);
    bytes.copy(this.#buffer, this.#length);
    this.#length = length;
    this.#modifiedMs = this.#now();
  }

  /** Readers reach the end at once. */
  clear(): void {
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
  }

  /** The reader also sees what is appended later, as with a file. */
  openRead(): BlobReader {
    return {
      size: this.#length,
      read: async (into, position) => (position >= this.#length ? 0 : this.content.copy(into, 0, position)),
      close: async () => {},
    };
  }

  /** Doubles the size each time, so that many small pieces cost few copies. */
  #grow(atLeast: number): void {
    const larger = Buffer.alloc(Math.max(atLeast, this.#buffer.length * 2, firstCapacity));
    this.content.copy(larger);
    this.#buffer = larger;
  }
}
