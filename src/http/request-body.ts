import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { freeMemory } from "../foundation/free-memory.js";
import type { IncomingContent } from "../registry/repository.js";
import type { BufferPool } from "./buffer-pool.js";
import type { Exchange } from "./exchange.js";
import { throttled } from "./limits/throttle.js";

/** A slow sender's bytes wait this long to fill a piece, and then in line: what is not stored is lost with the process. */
const unwrittenForMs = 500;

/** A sender of so many pieces in a row that are this small is slow. */
const slow = { pieces: 3, bytes: 1024 };

/** With fewer transfers, slow ones are no burden. */
const manyTransfers = 50;

/** What limits how fast a body is read. */
interface Pace {
  /** Waits until the client may send more, if it is limited. */
  readonly throttle: (bytes: number) => Promise<void> | undefined;
  /** Lets what arrives gather for a while before it is read. */
  readonly rest: () => void;
}

/** A buffer, and how much of it is filled. */
interface Piece {
  readonly buffer: Buffer;
  length: number;
}

/**
 * The body of a request in large pieces. The next one is filled while the consumer uses the one before; when it is
 * full, the client must wait. Chunks are copied as they arrive, since many tiny ones cost many times their size. So a
 * body costs few steps and a bounded share of memory.
 */
export class RequestBody implements IncomingContent {
  readonly #request: IncomingMessage;
  readonly #pool: BufferPool;
  readonly #pace: Pace;
  #slowPieces = 0;
  #filling: Piece | undefined;
  /** The part of a chunk that did not fit into the piece. */
  #rest: Buffer | undefined;
  #isEnded = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};
  /** The next piece has its first byte. */
  #begun: () => void = () => {};
  readonly #onData = (chunk: Buffer) => this.#gather(chunk);

  constructor(request: IncomingMessage, pool: BufferPool, pace: Pace = unlimited) {
    this.#request = request;
    this.#pool = pool;
    this.#pace = pace;
  }

  get announced(): number | undefined {
    const { "content-length": length } = this.#request.headers;
    return length === undefined ? undefined : Number(length);
  }

  break(reason: Error): void {
    this.#request.destroy(reason);
  }

  /** A piece belongs to the consumer until it requests the next one. Bytes before a failure are delivered first. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    const leavePool = this.#pool.join();
    const stopListening = this.#listen();
    try {
      for (let piece = await this.#next(); piece !== undefined; piece = await this.#next()) {
        // If the client disconnects meanwhile, this piece still counts.
        await this.#pace.throttle(piece.length)?.catch(() => {});
        yield piece.buffer.subarray(0, piece.length);
        this.#pool.give(piece.buffer);
      }
    } finally {
      stopListening();
      leavePool();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #listen(): () => void {
    const onEnd = () => this.#end(undefined);
    const onError = (error: Error) => this.#end(error);
    const onClose = () => this.#end(new Error("the body was cut off"));
    this.#request.on("data", this.#onData).on("end", onEnd).on("error", onError).on("close", onClose);
    if (this.#request.destroyed && !this.#request.readableEnded) onClose();
    return () => {
      this.#request.off("data", this.#onData).off("end", onEnd).off("error", onError).off("close", onClose);
    };
  }

  /** A paused request emits nothing, so at most one chunk is ever left over. */
  #gather(chunk: Buffer): void {
    if (this.#filling === undefined) {
      this.#filling = { buffer: this.#pool.take(), length: 0 };
      this.#begun();
    }
    const copied = chunk.copy(this.#filling.buffer, this.#filling.length);
    this.#filling.length += copied;
    this.#restIfSlow(chunk.length);
    if (copied === chunk.length) freeMemory(chunk);
    if (!isFull(this.#filling)) return;
    if (copied < chunk.length) this.#rest = chunk.subarray(copied);
    this.#request.pause();
    this.#wake();
  }

  /** Each piece costs as much as a large one, however small it is. */
  #restIfSlow(bytes: number): void {
    this.#slowPieces = bytes < slow.bytes ? this.#slowPieces + 1 : 0;
    if (this.#slowPieces >= slow.pieces && this.#pool.transfers > manyTransfers) this.#pace.rest();
  }

  #end(failure: Error | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = failure;
    if (failure !== undefined) this.#gatherLeftOver();
    this.#wake();
  }

  /** Node emits no more data of a broken request, not even what has already arrived. */
  #gatherLeftOver(): void {
    this.#request.off("data", this.#onData);
    const left = this.#rest === undefined ? [] : [this.#rest];
    for (let chunk = this.#request.read(); chunk !== null; chunk = this.#request.read()) left.push(chunk);
    this.#rest = undefined;
    if (left.length > 0) this.#gather(Buffer.concat(left));
  }

  /** A full piece, or what is there if the sender is slow or done; `undefined` at the end. */
  async #next(): Promise<Piece | undefined> {
    do await this.#change();
    while (this.#filling === undefined && !this.#isEnded);
    const piece = this.#filling;
    const rest = this.#rest;
    this.#filling = undefined;
    this.#rest = undefined;
    if (rest !== undefined) this.#gather(rest);
    if (!isFull(this.#filling)) this.#request.resume();
    return piece;
  }

  /** Waits for a full piece, for the end, or until bytes have been in memory only for long enough. */
  #change(): Promise<void> {
    if (isFull(this.#filling) || this.#isEnded) return Promise.resolve();
    const { slowWrites } = this.#pool;
    let timer: NodeJS.Timeout | undefined;
    return new Promise((resolve) => {
      const wake = () => {
        this.#begun = () => {};
        clearTimeout(timer);
        slowWrites.leave(wake);
        resolve();
      };
      this.#wake = wake;
      this.#begun = () => {
        timer = setTimeout(() => slowWrites.join(wake), unwrittenForMs);
      };
      if (this.#filling !== undefined) this.#begun();
    });
  }
}

/** The body of a request, read as fast as the client's limits allow. */
export function bodyOf(exchange: Exchange, pool: BufferPool): RequestBody {
  const { connection, request } = exchange;
  return new RequestBody(request, pool, {
    throttle: (bytes) => throttled(exchange, bytes),
    rest: () => connection.rest(request.socket),
  });
}

const unlimited: Pace = { throttle: () => undefined, rest: () => {} };

/** Whether a request declares a body (RFC 9112, section 6.3). */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Whether the body is empty; if the headers do not say, waits for the first byte. */
export async function isWithoutBody(request: IncomingMessage): Promise<boolean> {
  if (!announcesBody(request)) return true;
  if (request.headers["content-length"] !== undefined) return false;
  if (request.readableLength === 0 && !request.complete) await once(request, "readable");
  return request.readableLength === 0;
}

function isFull(piece: Piece | undefined): boolean {
  return piece !== undefined && piece.length === piece.buffer.length;
}
