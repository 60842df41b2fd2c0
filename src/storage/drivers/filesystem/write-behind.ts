import { writev } from "node:fs";

/** Fewer bytes than this wait for more: each write costs a thread's wake-up, whatever its size. */
const worthWriting = 512 * 1024;

/**
 * Writes content to a file while more of it arrives: chunks are gathered during a write, and go out together in the
 * next one.
 */
export class WriteBehind {
  readonly #file: number;
  readonly #limit: () => number;
  #position: number;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: unknown;

  /**
   * @param file an open file's descriptor
   * @param limit how many bytes may wait for a write, asked anew each time
   */
  constructor(file: number, position: number, limit: () => number) {
    this.#file = file;
    this.#position = position;
    this.#limit = limit;
  }

  /** Writes all there is, and what had arrived when the content fails, too. Returns where the file ends. */
  async writeAll(content: AsyncIterable<Buffer>): Promise<number> {
    try {
      for await (const chunk of content) await this.#take(chunk);
    } finally {
      await this.#drain();
    }
    return this.#position;
  }

  async #take(chunk: Buffer): Promise<void> {
    if (chunk.length === 0) return;
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    if (this.#gatheredBytes < Math.min(worthWriting, this.#limit())) return;
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    this.#startWrite();
  }

  async #drain(): Promise<void> {
    await this.#writing;
    if (this.#gatheredBytes > 0 && this.#failure === undefined) this.#startWrite();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The promise of a running write never fails, since nobody may be waiting for it: a failure is kept for who comes next. */
  #startWrite(): void {
    const buffers = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#writing = this.#write(buffers).catch((error: unknown) => {
      this.#failure = error;
    });
  }

  async #write(buffers: readonly Buffer[]): Promise<void> {
    for (let rest = buffers; rest.length > 0; ) {
      const written = await writeOnce(this.#file, rest, this.#position);
      this.#position += written;
      rest = dropBytes(rest, written);
    }
  }
}

/** Callbacks cost a third of what promises of `node:fs` do. */
function writeOnce(file: number, buffers: readonly Buffer[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(file, buffers, position, (error, written) => (error ? reject(error) : resolve(written)));
  });
}

function dropBytes(buffers: readonly Buffer[], count: number): Buffer[] {
  const rest = [...buffers];
  let left = count;
  for (let first = rest[0]; first !== undefined && left >= first.length; first = rest[0]) {
    left -= first.length;
    rest.shift();
  }
  const [first, ...others] = rest;
  return first === undefined ? [] : [first.subarray(left), ...others];
}
