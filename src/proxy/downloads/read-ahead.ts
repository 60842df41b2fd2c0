import { freeMemory } from "../../foundation/free-memory.js";

/** Bytes that may be buffered for a busy consumer: all of them share a total, within these limits. */
const most = 1024 * 1024;
const least = 64 * 1024;
const ofAllTogether = 32 * 1024 * 1024;

/** How many transfers read ahead now: there may be hundreds of downloads. */
let readers = 0;

/**
 * Reads ahead while the consumer is busy, and then returns everything as one piece: the first bytes are passed on at
 * once, and many small ones cost the consumer no more steps than a few large ones.
 */
export async function* readAhead(source: AsyncGenerator<Buffer, void, void>): AsyncGenerator<Buffer, void, void> {
  const queue = new Queue();
  readers++;
  const reading = fill(queue, source);
  // The failure is handled below, when the bytes before it were returned.
  reading.catch(() => {});
  try {
    for (let piece = await queue.takeAll(); piece !== undefined; piece = await queue.takeAll()) yield piece;
    await reading;
  } finally {
    readers--;
    queue.abandon();
    // It may be waiting for bytes: closing its source ends that.
    void source.return().catch(() => {});
  }
}

function limitNow(): number {
  return Math.max(least, Math.min(most, ofAllTogether / readers));
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
    while (this.#bytes >= limitNow() && !this.isAbandoned) {
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
    const piece = joined(this.#pieces, this.#bytes);
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

function joined(pieces: readonly Buffer[], length: number): Buffer {
  const [first, ...others] = pieces;
  if (first !== undefined && others.length === 0) return first;
  const whole = Buffer.concat(pieces, length);
  for (const piece of pieces) freeMemory(piece);
  return whole;
}
