import { PacedLine } from "../foundation/paced-line.js";

const mebibyte = 1024 * 1024;

const largest = mebibyte;
const smallest = 16 * 1024;

/** What slow senders cause together: a thousand that wrote as they liked took a quarter of the CPU time. */
const slowWritesASecond = 200;

/**
 * Buffers for transfers from and to clients. A few transfers get large buffers, which cost the least time per byte;
 * many get small ones, so that the total stays within the budget.
 */
export class BufferPool {
  /** Of transfers that write less than a full buffer. */
  readonly slowWrites = new PacedLine(slowWritesASecond);
  readonly #budget: number;
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;
  #transfers = 0;

  /** @param budget bytes for all transfers together */
  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Counts one more transfer, with two buffers at a time, until the returned function is called. */
  join(): () => void {
    this.#transfers++;
    return () => {
      this.#transfers--;
    };
  }

  /** Transfers that have joined and not left. */
  get transfers(): number {
    return this.#transfers;
  }

  /** The current size of a buffer, in bytes. */
  get bufferSize(): number {
    const share = this.#budget / (2 * Math.max(1, this.#transfers));
    let size = largest;
    while (size > share && size > smallest) size /= 2;
    return size;
  }

  /** A buffer with arbitrary content. @param most its largest size in bytes; a power of two */
  take(most: number = largest): Buffer {
    const size = Math.min(this.bufferSize, Math.max(smallest, most));
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(size);
    this.#freeBytes -= size;
    return buffer;
  }

  /** Only for a buffer that nothing reads or writes any more: its next content would end up in the wrong response. */
  give(buffer: Buffer): void {
    if (this.#freeBytes + buffer.length > this.#budget) return;
    this.#freeBytes += buffer.length;
    const sameSize = this.#free.get(buffer.length);
    if (sameSize === undefined) this.#free.set(buffer.length, [buffer]);
    else sameSize.push(buffer);
  }
}
