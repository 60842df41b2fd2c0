import type { IncomingMessage } from "node:http";
import type { IncomingContent } from "../registry/repository.js";
import type { BufferPool } from "./buffer-pool.js";

/**
 * The body of a request in large pieces. Chunks gather here while the consumer is busy with the piece before, until
 * they fill one more; then the client has to wait. So a fast body costs few steps and a bounded share of memory.
 */
export class RequestBody implements IncomingContent {
  readonly #request: IncomingMessage;
  readonly #pool: BufferPool;
  #chunks: Buffer[] = [];
  #gathered = 0;
  #isEnded = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(request: IncomingMessage, pool: BufferPool) {
    this.#request = request;
    this.#pool = pool;
  }

  break(reason: Error): void {
    this.#request.destroy(reason);
  }

  /** A piece is the consumer's until the next one is asked for. What came before a failure is given out before it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    const leavePool = this.#pool.join();
    const stopListening = this.#listen();
    try {
      for (let buffer = await this.#nextBuffer(); buffer !== undefined; buffer = await this.#nextBuffer()) {
        yield buffer.subarray(0, this.#fill(buffer));
        this.#pool.give(buffer);
      }
    } finally {
      stopListening();
      leavePool();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #listen(): () => void {
    const onData = (chunk: Buffer) => this.#gather(chunk);
    const onEnd = () => this.#end(undefined);
    const onError = (error: Error) => this.#end(error);
    const onClose = () => this.#end(new Error("the body was broken off"));
    this.#request.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
    if (this.#request.destroyed && !this.#request.readableEnded) onClose();
    return () => {
      this.#request.off("data", onData).off("end", onEnd).off("error", onError).off("close", onClose);
    };
  }

  #gather(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#gathered += chunk.length;
    if (this.#gathered < this.#pool.bufferSize) return;
    this.#request.pause();
    this.#wake();
  }

  #end(failure: Error | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = failure;
    this.#wake();
  }

  /** Waits until a buffer can be filled or no more comes; `undefined` once there is nothing left. */
  async #nextBuffer(): Promise<Buffer | undefined> {
    if (this.#gathered < this.#pool.bufferSize && !this.#isEnded) {
      this.#request.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#gathered === 0 ? undefined : this.#pool.take();
  }

  #fill(buffer: Buffer): number {
    let filled = 0;
    while (filled < buffer.length) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) break;
      const copied = chunk.copy(buffer, filled);
      filled += copied;
      if (copied === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(copied);
    }
    this.#gathered -= filled;
    return filled;
  }
}
