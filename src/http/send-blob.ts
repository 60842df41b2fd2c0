import type { ServerResponse } from "node:http";
import type { BlobReader } from "../oci/blob-reader.js";
import type { BufferPool } from "./buffer-pool.js";
import type { Exchange } from "./exchange.js";
import { endSoon } from "./send.js";

/** Bytes of a blob, from the first up to but not including the last, which may be infinite: to the end. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Sends a part of a blob and ends the answer. The next buffer is filled while the one before is on its way. A blob
 * that ends too early breaks the answer off: the client must not take it for whole.
 */
export async function sendBlob(exchange: Exchange, reader: BlobReader, span: Span, pool: BufferPool): Promise<void> {
  if (reader.bytes !== undefined) {
    endSoon(exchange, reader.bytes.subarray(span.start, span.end));
    return;
  }
  reader.expect?.(span.start, span.end);
  // What must be proved first may come in a minute, and clients such as containerd give up on late headers.
  if (reader.prove !== undefined) exchange.response.flushHeaders();
  const leavePool = pool.join();
  try {
    await new Transfer(exchange, reader, pool).send(span);
  } finally {
    leavePool();
  }
  exchange.response.end();
}

/** What is to be sent, and the buffer that it lies in, if that is the pool's. */
interface Filled {
  readonly content: Buffer;
  readonly buffer?: Buffer;
}

class Transfer {
  readonly #exchange: Exchange;
  readonly #reader: BlobReader;
  readonly #pool: BufferPool;

  constructor(exchange: Exchange, reader: BlobReader, pool: BufferPool) {
    this.#exchange = exchange;
    this.#reader = reader;
    this.#pool = pool;
  }

  async send(span: Span): Promise<void> {
    let written = Promise.resolve();
    try {
      for (let position = span.start; position < span.end; ) {
        const filled = await this.#fill(position, span.end);
        if (filled === undefined) break;
        position += filled.content.length;
        // Of a part, too: a client takes what came to its end for right.
        if (position === span.end) await this.#reader.prove?.(position);
        await written;
        written = this.#write(filled);
        // A failure is met at the next await; until then it must not count as unhandled.
        written.catch(() => {});
      }
    } finally {
      await written;
    }
  }

  /** `undefined` at the end of what has no known end. */
  async #fill(position: number, end: number): Promise<Filled | undefined> {
    const lent = await this.#reader.lend?.(position);
    if (lent !== undefined) return { content: lent.subarray(0, end - position) };
    const buffer = this.#pool.take();
    const count = await this.#reader.read(buffer.subarray(0, Math.min(buffer.length, end - position)), position);
    if (count === 0 && end === Number.POSITIVE_INFINITY) {
      this.#pool.give(buffer);
      return undefined;
    }
    if (count === 0) throw new Error(`the content ends at ${position} of ${end} bytes`);
    return { buffer, content: buffer.subarray(0, count) };
  }

  async #write({ buffer, content }: Filled): Promise<void> {
    await writeAll(this.#exchange.response, content, this.#exchange.signal);
    this.#exchange.sent += content.length;
    if (buffer !== undefined) this.#pool.give(buffer);
  }
}

/** Settles when the bytes are handed to the system; a buffer whose fate is unknown after a cut is left to the collector. */
function writeAll(response: ServerResponse, content: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cut = () => reject(new Error("the client is gone"));
    if (signal.aborted) return cut();
    signal.addEventListener("abort", cut, { once: true });
    response.write(content, (error) => {
      signal.removeEventListener("abort", cut);
      if (error) reject(error);
      else resolve();
    });
  });
}
