import type { ByteReceiver, ByteSource } from "./byte-source.js";
import type { ReceivedPiece } from "./receive-blocks.js";

/** The connection on which a body arrives. */
interface Connection {
  /** Lets bytes arrive or not. */
  read(isReading: boolean): void;
  /** The body has ended. */
  next(): void;
  close(reason?: Error): void;
}

/** The body of one answer, as long as the connection is its own. */
export class AnswerBody implements ByteSource {
  readonly #connection: Connection;
  /** What came before it was resumed: with the head, or decrypted together with it. */
  readonly #early: ReceivedPiece[] = [];
  /** Bytes that are still to come. */
  #left: number;
  #receiver: ByteReceiver | undefined;
  #isResumed = false;
  #isOver = false;

  constructor(connection: Connection, length: number) {
    this.#connection = connection;
    this.#left = length;
  }

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    if (this.#isOver) receiver.ended(new Error("the connection was closed"));
  }

  pause(): void {
    if (!this.#isOver) this.#connection.read(false);
  }

  resume(): void {
    if (this.#isOver) return;
    this.#isResumed = true;
    this.#connection.read(true);
    for (const piece of this.#early.splice(0)) this.receive(piece);
  }

  destroy(): void {
    if (!this.#isOver) this.#connection.close();
  }

  receive(piece: ReceivedPiece): void {
    if (this.#isOver) piece.release();
    else if (this.#receiver === undefined || !this.#isResumed) this.#early.push(piece);
    else this.#hand(piece, this.#receiver);
  }

  /** The connection is closed. */
  end(reason: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { release } of this.#early.splice(0)) release();
    this.#receiver?.ended(reason);
  }

  #hand({ bytes, release }: ReceivedPiece, receiver: ByteReceiver): void {
    if (bytes.length > this.#left) {
      release();
      this.#connection.close(new Error("the store sent more than was announced"));
      return;
    }
    this.#left -= bytes.length;
    if (bytes.length > 0) receiver.received(bytes, release);
    else release();
    if (this.#left > 0 || this.#isOver) return;
    this.#isOver = true;
    receiver.ended();
    this.#connection.next();
  }
}
