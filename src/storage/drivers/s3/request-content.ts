import { Readable } from "node:stream";
import { freeMemory } from "../../../foundation/free-memory.js";
import { silentMs } from "./receiving/byte-source.js";

/** Few transfers get large buffers, which cost the least time per byte; many share a budget. */
const largestBuffer = 256 * 1024;
const smallestBuffer = 32 * 1024;
const budget = 16 * 1024 * 1024;

/** How many are being sent, with two buffers each. */
let sending = 0;

/** Fills a buffer from a position on. @returns how many bytes; 0 at the end */
export type ReadInto = (into: Buffer, position: number) => Promise<number>;

/**
 * Content that is sent to the store, through two buffers in turns: one is filled while the other is sent. Node's own
 * streams need a new buffer for each piece, and collecting those took a third of the CPU time of a large push.
 */
export class RequestContent extends Readable {
  readonly #size: number;
  readonly #readInto: ReadInto;
  #position = 0;
  #isSending = false;

  constructor(size: number, readInto: ReadInto) {
    super({ highWaterMark: largestBuffer });
    this.#size = size;
    this.#readInto = readInto;
  }

  /** As the client of the store sends content. */
  override pipe<Destination extends NodeJS.WritableStream>(destination: Destination): Destination {
    this.#isSending = true;
    sending++;
    this.#sendTo(destination).catch((error: unknown) => {
      const reason = error instanceof Error ? error : new Error(String(error));
      if ("destroy" in destination && typeof destination.destroy === "function") destination.destroy(reason);
    });
    return destination;
  }

  /** Whoever sends a request destroys its content afterwards, whether it was sent or not. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#isSending) sending--;
    this.#isSending = false;
    done(error);
  }

  /** For whoever does not pipe it. */
  override _read(): void {
    const buffer = Buffer.allocUnsafe(Math.min(largestBuffer, this.#size - this.#position));
    this.#fill(buffer).then(
      (count) => this.push(count === 0 ? null : buffer.subarray(0, count)),
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async #sendTo(destination: NodeJS.WritableStream): Promise<void> {
    const [one, other] = [this.#newBuffer(), this.#newBuffer()];
    let written = Promise.resolve();
    for (let [filled, sent] = [one, other]; this.#position < this.#size; [filled, sent] = [sent, filled]) {
      const count = await this.#fill(filled);
      await written;
      written = writeTo(destination, filled.subarray(0, count));
      // A failure is handled at the next await; until then it must not count as unhandled.
      written.catch(() => {});
    }
    await written;
    destination.end();
    for (const buffer of [one, other]) freeMemory(buffer);
  }

  #newBuffer(): Buffer {
    const share = Math.max(smallestBuffer, Math.min(largestBuffer, budget / (2 * sending)));
    return Buffer.allocUnsafeSlow(Math.min(Math.floor(share), this.#size));
  }

  async #fill(buffer: Buffer): Promise<number> {
    if (this.#position === this.#size) return 0;
    if (this.destroyed) throw new Error("the request has ended");
    const count = await this.#readInto(buffer.subarray(0, this.#size - this.#position), this.#position);
    if (count === 0) throw new Error(`the content ends at ${this.#position} of ${this.#size} bytes`);
    this.#position += count;
    return count;
  }
}

/** @throws if the store takes nothing for too long */
function writeTo(destination: NodeJS.WritableStream, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const stalled = () => reject(new Error(`the store took nothing for ${silentMs / 1000} s`));
    const patience = setTimeout(stalled, silentMs).unref();
    destination.write(bytes, (error) => {
      clearTimeout(patience);
      if (error) reject(error);
      else resolve();
    });
  });
}
