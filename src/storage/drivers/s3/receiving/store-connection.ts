import { connect, isIP, type Socket } from "node:net";
import { AnswerBody } from "./answer-body.js";
import { type ByteSource, silence, silentMs } from "./byte-source.js";
import { ReceiveBlocks, type ReceivedPiece } from "./receive-blocks.js";
import { HeadReader, type ResponseHead } from "./response-head.js";

const connectWithinMs = 5_000;

/** Where a store is. */
export interface StoreAddress {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** Certificates of authorities to be trusted instead of the usual ones. */
  readonly ca: string | undefined;
}

/** An answer, and its body, of which nothing is received before it is resumed. */
export interface StoreAnswer {
  readonly head: ResponseHead;
  readonly body: ByteSource;
}

interface WaitingForHead {
  readonly reader: HeadReader;
  resolve(answer: StoreAnswer): void;
  reject(error: Error): void;
}

/** A connection to a store for one GET after another, whose answers are received without a copy and without garbage. */
export class StoreConnection {
  readonly #socket: Socket;
  readonly #blocks = new ReceiveBlocks();
  readonly #idle: (connection: StoreConnection) => void;
  #waiting: WaitingForHead | undefined;
  #body: AnswerBody | undefined;
  #isReading = true;
  #staysOpen = true;
  #hasAnswered = false;
  #failure: Error | undefined;

  /** @param idle is called when the next request may be sent */
  constructor(address: StoreAddress, idle: (connection: StoreConnection) => void) {
    this.#idle = idle;
    const onread = { buffer: () => this.#blocks.room(), callback: (count: number) => this.#receive(count) };
    this.#socket = opened(address, onread)
      .on("error", (error) => this.close(error))
      .on("close", () => this.close(new Error("the store closed the connection")))
      .on("timeout", () => this.close(silence()))
      .once(address.isSecure ? "secureConnect" : "connect", () => this.#socket.setTimeout(silentMs))
      .setNoDelay(true)
      .setTimeout(connectWithinMs);
  }

  get isOpen(): boolean {
    return this.#failure === undefined && this.#staysOpen;
  }

  /** Whether it has worked before; then the store may have closed it since, which is nothing unusual. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Sends a request without a body. */
  request(text: string): Promise<StoreAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiting = { reader: new HeadReader(), resolve, reject };
      this.#socket.ref().write(text, "latin1");
    });
  }

  /** Lets bytes arrive or not. */
  read(isReading: boolean): void {
    if (this.#isReading === isReading) return;
    this.#isReading = isReading;
    if (isReading) this.#socket.resume();
    else this.#socket.pause();
  }

  /** The body has ended. */
  next(): void {
    this.#body = undefined;
    // A connection that waits must not keep the process.
    this.#socket.unref();
    this.read(true);
    if (this.#staysOpen) this.#idle(this);
    else this.close();
  }

  close(reason: Error = new Error("the connection was closed")): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason;
    this.#waiting?.reject(reason);
    this.#body?.end(reason);
    this.#socket.destroy();
    this.#blocks.close();
  }

  /** @returns whether more may arrive */
  #receive(count: number): boolean {
    const piece = this.#blocks.take(count);
    try {
      if (this.#waiting !== undefined) this.#readHead(piece, this.#waiting);
      else if (this.#body !== undefined) this.#body.receive(piece);
      else throw new Error("the store sent more than was announced");
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)));
    }
    return this.#isReading;
  }

  #readHead(piece: ReceivedPiece, waiting: WaitingForHead): void {
    const read = waiting.reader.read(piece.bytes);
    if (read === undefined) {
      piece.release();
      return;
    }
    const { head, bytes } = read;
    this.#waiting = undefined;
    this.#hasAnswered = true;
    this.#staysOpen = head.headers.get("connection")?.toLowerCase() !== "close";
    this.#body = new AnswerBody(this, Number(head.headers.get("content-length")));
    this.#body.receive({ bytes: piece.bytes.subarray(bytes), release: piece.release });
    this.read(false);
    waiting.resolve({ head, body: this.#body });
  }
}

interface OnRead {
  readonly buffer: () => Buffer;
  readonly callback: (count: number) => boolean;
}

function opened({ isSecure, host, port, ca }: StoreAddress, onread: OnRead): Socket {
  if (!isSecure) return connect({ host, port, onread });
  // Loaded when it is needed: TLS takes 15 ms of a start. Its options are those of a socket, too, which its types leave out.
  const options = {
    host,
    port,
    onread,
    ...(isIP(host) ? {} : { servername: host }),
    ...(ca === undefined ? {} : { ca }),
  };
  return process.getBuiltinModule("node:tls").connect(options);
}
