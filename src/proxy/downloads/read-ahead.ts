/** Bytes that may lie between a source and a consumer that is busy. */
const limit = 1024 * 1024;

/**
 * Reads on while the consumer is busy, and then gives out all that has come as one piece: the first bytes go on at
 * once, and many small ones cost the consumer no more steps than a few large ones.
 */
export async function* readAhead(source: AsyncGenerator<Buffer, void, void>): AsyncGenerator<Buffer, void, void> {
  const queue = new Queue();
  const reading = fill(queue, source);
  // Its failure is met below, when what came before it was given out.
  reading.catch(() => {});
  try {
    for (let piece = await queue.takeAll(); piece !== undefined; piece = await queue.takeAll()) yield piece;
    await reading;
  } finally {
    queue.abandon();
    // It may be waiting for bytes: whoever closes what it reads from ends that.
    void source.return().catch(() => {});
  }
}

async function fill(queue: Queue, source: AsyncIterable<Buffer>): Promise<void> {
  try {
    for await (const bytes of source) {
      await queue.put(bytes);
      if (queue.isAbandoned) return;
    }
  } finally {
    queue.end();
  }
}

class Queue {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isEnded = false;
  isAbandoned = false;
  #wakeTaker: () => void = () => {};
  #wakePutter: () => void = () => {};

  async put(bytes: Buffer): Promise<void> {
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    this.#wakeTaker();
    while (this.#bytes >= limit && !this.isAbandoned) {
      await new Promise<void>((resolve) => {
        this.#wakePutter = resolve;
      });
    }
  }

  /** `undefined` at the end. */
  async takeAll(): Promise<Buffer | undefined> {
    while (this.#pieces.length === 0) {
      if (this.#isEnded) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeTaker = resolve;
      });
    }
    const [first, ...others] = this.#pieces;
    const piece = first !== undefined && others.length === 0 ? first : Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    this.#wakePutter();
    return piece;
  }

  end(): void {
    this.#isEnded = true;
    this.#wakeTaker();
  }

  abandon(): void {
    this.isAbandoned = true;
    this.#wakePutter();
  }
}
