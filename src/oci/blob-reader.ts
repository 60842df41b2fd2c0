/** Reads content at any position: a finished file, one that still grows, or an object of a bucket. */
export interface BlobReader {
  /** Bytes; infinite where that is not known before the end. */
  readonly size: number;
  /** The whole content, where it is small enough to be held in memory. */
  readonly bytes?: Buffer;
  /**
   * Fills `into` from `position` on and returns how many bytes that were: none only at the end. `into` belongs to the
   * reader until the promise settles.
   */
  read(into: Buffer, position: number): Promise<number>;
  /**
   * Settles when all of the content is proved to be what its digest names, where that is not known from the beginning.
   * To be awaited before the last bytes of whatever is given out.
   * @param position behind the last byte that was read
   */
  prove?(position: number): Promise<void>;
  /** Is told which part will be read, up to but not including `end`, before the first read. */
  expect?(start: number, end: number): void;
  /** What is in memory anyway from `position` on, instead of a copy of it; whoever gets it must not change it. */
  lend?(position: number): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

/** Content that is in memory. */
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
