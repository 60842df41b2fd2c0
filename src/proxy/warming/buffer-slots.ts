/** A limited number of concurrent transfers, each with its own buffer; others wait their turn. */
export class BufferSlots {
  readonly #free: Buffer[];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];

  constructor(count: number, bytes: number) {
    this.#free = Array.from({ length: count }, () => Buffer.allocUnsafe(bytes));
  }

  async run<Result>(transfer: (buffer: Buffer) => Promise<Result>): Promise<Result> {
    const buffer = this.#free.pop() ?? (await this.#turn());
    try {
      return await transfer(buffer);
    } finally {
      this.#giveBack(buffer);
    }
  }

  #turn(): Promise<Buffer> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBack(buffer: Buffer): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(buffer);
    else next(buffer);
  }
}
