import type { Socket } from "node:net";
import type { PacedLine } from "../../foundation/paced-line.js";
import { abortCheaply } from "./cheap-aborts.js";
import { Sips } from "./sips.js";
import type { Turns } from "./turns.js";

/** Time in which tiny pieces of a body become a larger one. */
const restMs = 250;

interface Lines {
  readonly turns: Turns;
  /** Connections that may be read again. */
  readonly rested: PacedLine;
}

interface ReadConnection {
  /** Whether it can take more. */
  mayReadOn(): boolean;
  /** Whether the body of a running request is not complete. */
  isReceiving(): boolean;
  /** How many pieces of content bodies have had so far. */
  contentPieces(): number;
}

/** Controls when more is read from a connection, and whether its input is parsed in small pieces. */
export class Reading {
  readonly #connection: ReadConnection;
  readonly #lines: Lines;
  /** The socket whose input is paused; if the connection is closed meanwhile, nothing else notices. Set only here. */
  held: Socket | undefined;
  #sips: Sips | undefined;
  #isCrowded = false;
  #isResting = false;
  /** Node resumes whenever a request or a body has been read, so it is paused each time. */
  readonly #pauseAgain = () => {
    this.held?.pause();
    this.readOn();
  };

  constructor(connection: ReadConnection, lines: Lines) {
    this.#connection = connection;
    this.#lines = lines;
  }

  hold(socket: Socket): void {
    if (this.held !== undefined) return;
    this.held = socket;
    socket.pause().on("resume", this.#pauseAgain);
  }

  /** Reads no more of the body for a while, and then continues in turn with other connections. */
  rest(socket: Socket): void {
    if (this.#isResting) return;
    this.#isResting = true;
    // A paused socket still buffers each piece by itself: first all that it holds is taken, and the end behind it.
    process.nextTick(() => {
      if (this.#connection.isReceiving()) this.hold(socket);
    });
    setTimeout(() => this.#lines.rested.join(() => this.#endRest()), restMs).unref();
  }

  /** Reads more, if the connection can take it. */
  readOn(): void {
    const held = this.held;
    if (held === undefined || !this.#connection.mayReadOn() || this.#sips?.next()) return;
    // The next request is not part of the body, and does not rest.
    if (this.#isResting && this.#connection.isReceiving()) return;
    this.held = undefined;
    held.off("resume", this.#pauseAgain);
    // At this event, node's own listener starts reading again; after it, the bytes can be redirected to us.
    if (this.#isCrowded) held.once("resume", () => this.beginSips(held));
    held.resume();
  }

  /** So many requests came together that further input is parsed in small pieces. */
  noteCrowd(): void {
    this.#isCrowded = true;
  }

  /** A body in chunks begins, which may all be tiny: further input is parsed in small pieces, and none is read before. */
  noteChunks(socket: Socket): void {
    if (this.#sips !== undefined || this.#isCrowded) return;
    this.#isCrowded = true;
    this.hold(socket);
    // Node reads a socket up to 32 times in a row, and is in the middle of that.
    setImmediate(() => this.readOn());
  }

  /** From now on, input is parsed in small pieces. */
  beginSips(socket: Socket): void {
    if (this.#sips !== undefined) return;
    const reader = {
      hold: () => this.hold(socket),
      mayParse: () => this.#connection.mayReadOn(),
      parsed: () => this.readOn(),
      isReceiving: () => this.#connection.isReceiving(),
      contentPieces: () => this.#connection.contentPieces(),
    };
    this.#sips = new Sips(socket, reader, this.#lines.turns);
    abortCheaply(socket);
  }

  #endRest(): void {
    this.#isResting = false;
    this.readOn();
  }
}
