/** Reads content at any position: a complete file, one that is still growing, or an object in a bucket. */
export interface BlobReader {
  /** In bytes; infinite while unknown. */
  readonly size: number;
  /** The whole content, if it is small enough to be held in memory. */
  readonly bytes?: Buffer;
  /**
   * Fills `into` from `position` on and returns the number of bytes read; 0 only at the end. `into` belongs to the
   * reader until the promise settles.
   */
  read(into: Buffer, position: number): Promise<number>;
  /**
   * Resolves when all of the content is verified against its digest, where that is not known from the start. Await it
   * before sending the last bytes of any part.
   * @param position the position after the last byte read
   */
  prove?(position: number): Promise<void>;
  /** Which file it reads, whatever its name is by now: readers of one file have the same. `undefined`: no file. */
  identity?(): string | undefined;
  /** An address where the client can read it by itself for a while. */
  locate?(): Promise<string | undefined>;
  /** Announces, before the first read, which part will be read; `end` is exclusive. */
  expect?(start: number, end: number): void;
  /** The bytes that are in memory anyway from `position` on, without a copy. The caller must not change them. */
  readShared?(position: number): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

/** Content in memory. */
export class BufferReader implements BlobReader {
  readonly bytes: Buffer;
  readonly size: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.size = bytes.length;
  }

  async read(into: Buffer, position: number): Promise<number> {
    return this.bytes.copy(into, 0, position);
  }

  async close(): Promise<void> {}
}
