import type { ServerResponse } from "node:http";
import type { SpanReader } from "../registry/span-reader.js";
import type { BufferPool } from "./buffer-pool.js";
import type { Exchange } from "./exchange.js";
import { largestPiece, throttled } from "./limits/throttle.js";
import { endSoon } from "./send.js";

/**
 * Size of the first piece of a response in bytes; each further one may be twice as large. If a client requests a layer
 * and disconnects, again and again, a megabyte must not be read for each request.
 */
const firstPiece = 128 * 1024;

/**
 * Sends a part of a blob and ends the response. The next buffer is filled while the one before is on its way. A blob
 * that ends too early breaks the response off: the client must not take it for whole.
 */
export async function sendBlob(exchange: Exchange, content: SpanReader, pool: BufferPool): Promise<void> {
  if (content.bytes !== undefined && content.bytes.length <= largestPiece(exchange)) {
    const pause = throttled(exchange, content.bytes.length);
    if (pause !== undefined) await pause;
    endSoon(exchange, content.bytes);
    return;
  }
  // Content that must be verified first may take a minute, and clients such as containerd give up on late headers.
  if (content.isProvedLast) exchange.response.flushHeaders();
  const leavePool = pool.join();
  try {
    await new Transfer(exchange, content, pool).send();
  } finally {
    leavePool();
  }
  exchange.response.end();
}

/** What to send, and the buffer that holds it, if that is the pool's. */
interface Filled {
  readonly content: Buffer;
  readonly buffer?: Buffer;
}

class Transfer {
  readonly #exchange: Exchange;
  readonly #content: SpanReader;
  readonly #pool: BufferPool;
  #nextPiece = firstPiece;

  constructor(exchange: Exchange, content: SpanReader, pool: BufferPool) {
    this.#exchange = exchange;
    this.#content = content;
    this.#pool = pool;
  }

  async send(): Promise<void> {
    let written = Promise.resolve();
    try {
      while (!this.#content.isAtEnd) {
        const filled = await this.#fill();
        if (filled === undefined) break;
        await written;
        written = this.#write(filled);
        // A failure is handled at the next await; until then it must not count as unhandled.
        written.catch(() => {});
      }
    } finally {
      await written;
    }
  }

  /** `undefined` at the end of content of unknown size. */
  async #fill(): Promise<Filled | undefined> {
    const shared = await this.#content.readShared();
    if (shared !== undefined) return { content: shared };
    const buffer = this.#pool.take(this.#nextPiece);
    this.#nextPiece *= 2;
    const count = await this.#content.read(buffer.subarray(0, largestPiece(this.#exchange)));
    if (count > 0) return { buffer, content: buffer.subarray(0, count) };
    this.#pool.give(buffer);
    return undefined;
  }

  async #write({ buffer, content }: Filled): Promise<void> {
    await writeAll(this.#exchange.response, content, this.#exchange.signal);
    this.#exchange.sent += content.length;
    const { length } = content;
    if (buffer !== undefined) this.#pool.give(buffer);
    const pause = throttled(this.#exchange, length);
    if (pause !== undefined) await pause;
  }
}

/** Resolves when the bytes are handed to the system. After a cut, a buffer may still be in use, so it is not reused. */
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
