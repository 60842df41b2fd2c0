import type { Socket } from "node:net";

/** About a hundred of the smallest requests, which take the event loop a millisecond. */
const sipBytes = 4 * 1024;

interface SipsReader {
  /** Pauses the socket until everything that was read is parsed. */
  hold(): void;
  /** A piece was parsed and its requests were taken: `next` continues. */
  parsed(): void;
}

/**
 * Passes the input of a connection to node's parser in small pieces ("sips"), one per turn of the event loop. Node
 * reads 64 KiB at a time and parses it in one go: 2,500 tiny requests, which would delay all other clients by 25 ms,
 * again and again.
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
    // In an HTTP server, node's parser is the only listener for the data of a connection.
    this.#parse = socket.listeners("data") as ((piece: Buffer) => void)[];
    socket.removeAllListeners("data");
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
  }

  /** Continues with what was read. @returns whether there is any */
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
    // After the requests in the piece have been taken, which the parser has scheduled before.
    process.nextTick(() => this.#reader.parsed());
  }
}
