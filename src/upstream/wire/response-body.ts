import type { IncomingMessage } from "node:http";
import { finished } from "node:stream";
import { joinedInTurns } from "../../foundation/joined-in-turns.js";
import type { Reservation } from "../../foundation/semaphore.js";
import { inWords } from "../limits/deadline.js";
import type { Watch } from "./watch.js";
import { InvalidAnswerError, TimedOutError } from "./wire-errors.js";

/** The speed that a body must have. */
export interface MinimumSpeed {
  /** Maximum time without any byte. */
  readonly idleMs: number;
  /** Bytes per second, over the window. */
  readonly slowBelow: number;
  readonly slowWindowMs: number;
}

/** To keep its connection, at most this much of an unwanted body is read. */
const discardedBytes = 64 * 1024;

/** A response up to this size does not wait for room. */
export const roomlessBytes = 256 * 1024;

/** The body of a response: read at the reader's speed, and cut off if the upstream is too slow. */
export class ResponseBody implements AsyncIterable<Buffer> {
  readonly #message: IncomingMessage;
  readonly #watch: Watch;
  readonly #minimumSpeed: MinimumSpeed;

  constructor(message: IncomingMessage, watch: Watch, minimumSpeed: MinimumSpeed) {
    this.#message = message;
    this.#watch = watch;
    this.#minimumSpeed = minimumSpeed;
    message.once("close", () => watch.end());
  }

  /** Only time spent waiting for the upstream counts; a slow reader does no harm. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    const chunks = receivedChunks(this.#message);
    const speed = { waitedMs: 0, bytes: 0 };
    try {
      for (;;) {
        const asked = performance.now();
        this.#watch.expect("data", this.#minimumSpeed.idleMs);
        const { value, done } = await chunks.next();
        this.#watch.relax();
        if (done) return;
        this.#check(speed, performance.now() - asked, value.length);
        yield value;
      }
    } catch (error) {
      throw this.#watch.reasonOf(error);
    } finally {
      // A body that broke before it was read has already closed, and nothing else would end the wait for its data.
      this.#watch.relax();
      this.close();
    }
  }

  /**
   * Reads it completely.
   * @param room waited for, unless the body is small
   */
  async readAll(maxBytes: number, room?: Reservation): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of this) {
      length += chunk.length;
      if (length > maxBytes) throw new InvalidAnswerError(`the answer is larger than ${maxBytes} bytes`);
      if (length > roomlessBytes) await room?.take(maxBytes);
      chunks.push(chunk);
    }
    return joinedInTurns(chunks);
  }

  /** For an unwanted body: reads it to its end if that is near, so that the connection can be reused. */
  discard(): void {
    this.readAll(discardedBytes).catch(() => this.close());
  }

  /** Cuts it off, unless it is at its end. */
  close(): void {
    this.#message.destroy();
  }

  /** The reader gets the error. */
  breakOff(error: Error): void {
    this.#message.destroy(error);
  }

  /** Calls back once, when the body was read to its end or cut off. */
  onClose(listener: () => void): void {
    if (this.#message.closed) listener();
    else this.#message.once("close", listener);
  }

  #check(speed: { waitedMs: number; bytes: number }, waitedMs: number, bytes: number): void {
    const { slowBelow, slowWindowMs } = this.#minimumSpeed;
    speed.waitedMs += waitedMs;
    speed.bytes += bytes;
    if (speed.waitedMs < slowWindowMs) return;
    if (speed.bytes < (slowBelow * speed.waitedMs) / 1000) {
      throw new TimedOutError(`only ${speed.bytes} bytes within ${inWords(speed.waitedMs)}`);
    }
    speed.waitedMs = 0;
    speed.bytes = 0;
  }
}

/**
 * Everything that arrived, and then the error if the body broke. Node's own iterator discards unread bytes when the
 * connection breaks, and newer versions notice that sooner: an interrupted transfer would start again from nothing.
 */
async function* receivedChunks(message: IncomingMessage): AsyncGenerator<Buffer, void, void> {
  let wake = () => {};
  let outcome: { error: Error | null | undefined } | undefined;
  const stopListening = finished(message, { writable: false }, (error) => {
    outcome = { error };
    wake();
  });
  const onReadable = () => wake();
  message.on("readable", onReadable);
  try {
    for (;;) {
      // Without an encoding, a body is read as bytes.
      const chunk = message.read() as Buffer | null;
      if (chunk !== null) yield chunk;
      else if (outcome?.error) throw outcome.error;
      else if (outcome) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stopListening();
    message.off("readable", onReadable);
  }
}
