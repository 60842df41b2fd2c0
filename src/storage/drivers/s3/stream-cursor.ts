/** Bytes that have arrived, and where they begin. */
export interface Piece {
  readonly start: number;
  readonly bytes: Buffer;
  /** Call it once nothing uses the bytes any more. */
  release(): void;
}

/** What readers share. */
export interface SharedSource {
  /** Exclusive. */
  readonly end: number;
  /** Copies what is there to a reader that wants it, and lets more arrive. */
  serve(cursor: StreamCursor): void;
  /** Whether what comes next for a reader is still there, or to come. */
  holds(cursor: StreamCursor): boolean;
  leave(cursor: StreamCursor): void;
}

interface Wanted {
  readonly into: Buffer;
  filled: number;
  resolve(count: number): void;
  reject(error: Error): void;
}

/** The place of one reader in a stream. */
export class StreamCursor {
  position: number;
  readonly #stream: SharedSource;
  #wanted: Wanted | undefined;

  constructor(stream: SharedSource, position: number) {
    this.#stream = stream;
    this.position = position;
  }

  get isWaiting(): boolean {
    return this.#wanted !== undefined;
  }

  /** Whether a position can be reached by reading on, over no more than a gap. */
  canReach(position: number, gap: number): boolean {
    return position >= this.position && position - this.position <= gap && position < this.#stream.end;
  }

  /** Whether what comes next is still there, so that the reader need not request it again. */
  get isThere(): boolean {
    return this.#stream.holds(this);
  }

  /**
   * Fills a buffer, unless the stream ends or breaks before. One call at a time.
   * @returns how many bytes; 0 at the end
   */
  read(into: Buffer): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#wanted = { into, filled: 0, resolve, reject };
      this.#stream.serve(this);
    });
  }

  /** Copies what it waits for. */
  take({ start, bytes }: Piece): void {
    const wanted = this.#wanted;
    const skipped = this.position - start;
    if (wanted === undefined || skipped < 0 || skipped >= bytes.length) return;
    const count = bytes.copy(wanted.into, wanted.filled, skipped);
    wanted.filled += count;
    this.position += count;
    if (wanted.filled === wanted.into.length) this.settle(undefined);
  }

  /** Answers what it waits for, with what has arrived. */
  settle(failure: Error | undefined): void {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    this.#wanted = undefined;
    if (failure !== undefined && wanted.filled === 0) wanted.reject(failure);
    else wanted.resolve(wanted.filled);
  }

  close(): void {
    this.settle(new Error("the reader was closed"));
    this.#stream.leave(this);
  }
}
