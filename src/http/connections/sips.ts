import type { Socket } from "node:net";

/** Some hundred of the smallest requests, which keep the event loop for a millisecond. */
const sipBytes = 4 * 1024;

interface SipsReader {
  /** Nothing more is to be read from the socket until all that was read is parsed. */
  hold(): void;
  /** A sip, and what it brought, was taken in: `next` leads on. */
  parsed(): void;
}

/**
 * Gives node's parser what a connection sends in small pieces, one a turn of the event loop. Node reads 64 KiB at a time and
 * parses them in one go: 2,500 tiny requests, which would keep everybody else waiting for 25 ms, again and again.
 */
export class Sips {
  readonly #socket: Socket;
  readonly #parse: readonly ((piece: Buffer) => void)[];
  readonly #reader: SipsReader;
  #rest: Buffer = Buffer.alloc(0);
  #isPlanned = false;

  constructor(socket: Socket, reader: SipsReader) {
    this.#socket = socket;
    this.#reader = reader;
    // Node's parser is the only one that listens to the bytes of a connection of an HTTP server.
    this.#parse = socket.listeners("data") as ((piece: Buffer) => void)[];
    socket.removeAllListeners("data");
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
  }

  /** Goes on with what was read. @returns whether there is any */
  next(): boolean {
    if (this.#rest.length === 0) return false;
    if (this.#isPlanned) return true;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#sip();
    });
    return true;
  }

  #take(bytes: Buffer): void {
    this.#reader.hold();
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#sip();
  }

  #sip(): void {
    if (this.#socket.destroyed) return;
    const piece = this.#rest.subarray(0, sipBytes);
    this.#rest = this.#rest.subarray(piece.length);
    for (const parse of this.#parse) parse.call(this.#socket, piece);
    // After the look at what the sip brought, which the parser has planned before.
    process.nextTick(() => this.#reader.parsed());
  }
}
