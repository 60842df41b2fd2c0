import type { FileHandle } from "node:fs/promises";

/**
 * Writes content to a file while more of it arrives: chunks that come during a write are gathered and go out together
 * in the next one, so a fast sender costs few calls and a slow one waits for nothing.
 */
export class WriteBehind {
  readonly #file: FileHandle;
  readonly #limit: () => number;
  #position: number;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #writing: Promise<void> | undefined;
  #failure: unknown;

  /** @param limit how many bytes may wait for a write, asked anew each time */
  constructor(file: FileHandle, position: number, limit: () => number) {
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
    if (this.#writing !== undefined && this.#gatheredBytes >= this.#limit()) await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#writing === undefined) this.#startWrite();
  }

  async #drain(): Promise<void> {
    await this.#writing;
    while (this.#gatheredBytes > 0 && this.#failure === undefined) {
      this.#startWrite();
      await this.#writing;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The promise of a running write never fails, since nobody may be waiting for it: a failure is kept for who comes next. */
  #startWrite(): void {
    const buffers = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#writing = this.#write(buffers)
      .catch((error: unknown) => {
        this.#failure = error;
      })
      .finally(() => {
        this.#writing = undefined;
      });
  }

  async #write(buffers: Buffer[]): Promise<void> {
    let rest = buffers;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(rest, this.#position);
      this.#position += bytesWritten;
      rest = dropBytes(rest, bytesWritten);
    }
  }
}

function dropBytes(buffers: Buffer[], count: number): Buffer[] {
  let left = count;
  const rest = [...buffers];
  while (rest[0] !== undefined && left >= rest[0].length) left -= rest.shift()?.length ?? 0;
  if (rest[0] !== undefined && left > 0) rest[0] = rest[0].subarray(left);
  return rest;
}
