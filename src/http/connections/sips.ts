import type { Socket } from "node:net";
import type { Turns, TurnTaker } from "./turns.js";

/** About ten of the smallest requests: those that cannot begin yet take memory. */
const sipBytes = 256;

/** Within a body, larger pieces cost less, unless it consists of tiny chunks: then each byte costs a step. */
const bodySip = { least: 256, first: 4 * 1024, most: 64 * 1024 };

/** After so many fast pieces in a row, pieces of the body become larger. */
const fastPieces = 32;

/**
 * Bytes of a body without any content. Node limits the extensions of a chunk to 16 KiB and trailers to
 * `server.maxHeaderSize`, 1 MiB at most, but the size of a chunk may begin with zeros without end.
 */
const mostEmptyBytes = 2 * 1024 * 1024;

/** One turn ends when this time has passed. */
const turnMs = 0.25;

type Listener = (...args: unknown[]) => void;

interface SipsReader {
  /** Pauses the socket until everything that was read is parsed. */
  hold(): void;
  /** Whether the connection can take more. */
  mayParse(): boolean;
  /** Pieces were parsed and their requests were taken: `next` continues. */
  parsed(): void;
  /** Whether the body of a request is still being received. */
  isReceiving(): boolean;
  /** How many pieces of content bodies have had so far. */
  contentPieces(): number;
}

/**
 * Passes the input of a connection to node's parser in small pieces ("sips"), in turns with all other connections that
 * are read this way. Node reads 64 KiB at a time and parses it in one go: 2,500 tiny requests, or 10,000 tiny chunks of
 * a body, which would delay all other clients by 25 ms, again and again, and for each connection that sends so many.
 */
export class Sips implements TurnTaker {
  readonly #socket: Socket;
  readonly #parse: readonly Listener[];
  readonly #finish: readonly Listener[];
  readonly #reader: SipsReader;
  readonly #turns: Turns;
  #rest: Buffer = Buffer.alloc(0);
  #bodySipBytes = bodySip.first;
  #fastInARow = 0;
  #emptyBytes = 0;
  /** The client has sent its last byte, which may not be parsed yet. */
  #isEnding = false;

  constructor(socket: Socket, reader: SipsReader, turns: Turns) {
    this.#socket = socket;
    this.#reader = reader;
    this.#turns = turns;
    // In an HTTP server, node's parser is the only listener for the data of a connection.
    this.#parse = takeOver(socket, "data", (bytes: Buffer) => this.#take(bytes));
    // It treats a body as cut off at the end of the input, so it must have parsed all of it before.
    this.#finish = takeOver(socket, "end", () => this.#end());
    socket.prependListener("close", () => this.#parseBody());
  }

  /** Asks for a turn if something that was read is not parsed yet. @returns whether there is any */
  next(): boolean {
    if (this.#rest.length === 0) return false;
    this.#turns.ask(this);
    return true;
  }

  takeTurn(): void {
    if (this.#socket.destroyed) return;
    const until = performance.now() + turnMs;
    while (this.#rest.length > 0 && this.#reader.mayParse() && performance.now() < until) this.#parsePiece();
    if (this.#isEnding) this.#parseBody();
    if (this.#rest.length > 0) this.#reader.hold();
    else if (this.#isEnding) this.#end();
    // After the requests in the pieces have been taken, which the parser has scheduled before.
    process.nextTick(() => this.#reader.parsed());
  }

  #take(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    if (this.#isOfLargeChunks() && this.#reader.mayParse()) this.#parsePiece();
    else if (!this.#turns.takeOrAsk(this)) this.#reader.hold();
  }

  /** Whether the body is like those that are read in one go, and need no turn. */
  #isOfLargeChunks(): boolean {
    return this.#bodySipBytes === bodySip.most && this.#rest.length <= bodySip.most && this.#reader.isReceiving();
  }

  #parsePiece(): void {
    const isBody = this.#reader.isReceiving();
    const piece = this.#rest.subarray(0, isBody ? this.#bodySipBytes : sipBytes);
    this.#rest = this.#rest.subarray(piece.length);
    const before = this.#reader.contentPieces();
    const start = performance.now();
    for (const parse of this.#parse) parse.call(this.#socket, piece);
    if (!isBody) return;
    this.#adapt(performance.now() - start > allowedMs(piece.length));
    this.#emptyBytes = this.#reader.contentPieces() > before ? 0 : this.#emptyBytes + piece.length;
    if (this.#emptyBytes > mostEmptyBytes) this.#socket.destroy();
  }

  #adapt(wasSlow: boolean): void {
    this.#fastInARow = wasSlow ? 0 : this.#fastInARow + 1;
    if (wasSlow) this.#bodySipBytes = Math.max(bodySip.least, this.#bodySipBytes / 2);
    if (this.#fastInARow < fastPieces) return;
    this.#fastInARow = 0;
    this.#bodySipBytes = Math.min(bodySip.most, this.#bodySipBytes * 2);
  }

  /**
   * Node does not resume a connection of which it has read the end, so the rest of a body would never get its turn, and
   * the connection would stay open with all that its request holds. It is one read at most.
   */
  #end(): void {
    this.#parseBody();
    this.#isEnding = this.#rest.length > 0;
    if (this.#isEnding) return;
    for (const finish of this.#finish) finish.call(this.#socket);
  }

  /** A body counts up to the last byte that was read. No request begins here. */
  #parseBody(): void {
    while (this.#rest.length > 0 && this.#reader.isReceiving()) this.#parsePiece();
  }
}

/** In tiny chunks, 64 KiB take 20 ms; in large ones, 0.2 ms. */
function allowedMs(bytes: number): number {
  return 0.1 + bytes / bodySip.most;
}

/** Puts a listener in the place of all others, and returns those. */
function takeOver(socket: Socket, event: "data" | "end", listener: (bytes: Buffer) => void): readonly Listener[] {
  // Node types no listener; each gets what the event carries.
  const others = socket.listeners(event) as Listener[];
  socket.removeAllListeners(event).on(event, listener);
  return others;
}
