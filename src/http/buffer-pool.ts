const mebibyte = 1024 * 1024;

const largest = mebibyte;
const smallest = 16 * 1024;

/**
 * Buffers for transfers from and to clients. Few transfers get large ones, which cost the least time a byte; many get
 * small ones, so that all together stay below the budget.
 */
export class BufferPool {
  readonly #budget: number;
  readonly #free = new Map<number, Buffer[]>();
  #freeBytes = 0;
  #transfers = 0;

  /** @param budget bytes that all transfers together should hold */
  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Counts one more transfer, which holds two buffers at a time, until the returned function is called. */
  join(): () => void {
    this.#transfers++;
    return () => {
      this.#transfers--;
    };
  }

  /** Bytes that a buffer has now. */
  get bufferSize(): number {
    const share = this.#budget / (2 * Math.max(1, this.#transfers));
    let size = largest;
    while (size > share && size > smallest) size /= 2;
    return size;
  }

  /** A buffer with old content. */
  take(): Buffer {
    const size = this.bufferSize;
    const buffer = this.#free.get(size)?.pop();
    if (buffer === undefined) return Buffer.allocUnsafeSlow(size);
    this.#freeBytes -= size;
    return buffer;
  }

  /** Only for a buffer that nothing reads or writes any more: its next content would end up in the wrong answer. */
  give(buffer: Buffer): void {
    if (this.#freeBytes + buffer.length > this.#budget) return;
    this.#freeBytes += buffer.length;
    const sameSize = this.#free.get(buffer.length);
    if (sameSize === undefined) this.#free.set(buffer.length, [buffer]);
    else sameSize.push(buffer);
  }
}
