const mebibyte = 1024 * 1024;

const largest = mebibyte;
const smallest = 64 * 1024;

/**
 * Buffers for transfers out of the storage. Few transfers get large ones, which cost the least time a byte; many get
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

  /** Counts the action as a transfer, of which each holds two buffers. */
  async transfer<Result>(action: () => Promise<Result>): Promise<Result> {
    this.#transfers++;
    try {
      return await action();
    } finally {
      this.#transfers--;
    }
  }

  /** A buffer with old content; its size is what a transfer's share is now. */
  take(): Buffer {
    const size = this.#share();
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

  #share(): number {
    const share = this.#budget / (2 * Math.max(1, this.#transfers));
    let size = largest;
    while (size > share && size > smallest) size /= 2;
    return size;
  }
}
