import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Exchange } from "../exchange.js";

/** Requests of one connection that are worked on at once; the answers leave in order in any case. */
const mostAtOnce = 4;

/** Who hears what becomes of a connection. */
export interface ConnectionWatcher {
  becameBusy(connection: Connection): void;
  becameIdle(connection: Connection): void;
  /** So many more requests wait for their turn, or fewer. */
  waitingChanged(by: number): void;
  /** The connection may begin with a request that waits: `beginNext` is to be called when it is its turn. */
  wantsTurn(connection: Connection): void;
  /** The connection ended while so many requests waited, which are not begun any more. */
  dropped(connection: Connection, count: number): void;
}

/** One client's connection, from its acceptance to its end. */
export class Connection {
  readonly openedAt = performance.now();
  /** What was taken from the kernel; TLS, if any, runs over it. */
  readonly socket: Socket;
  /** Who is counted as one client. */
  readonly client: string;
  /** What was read from now on is not run: something came that is no valid request, or follows the last one. */
  isOver = false;
  readonly #watcher: ConnectionWatcher;
  readonly #running = new Set<Exchange>();
  readonly #waiting: (() => Exchange)[] = [];
  /** The socket that is not read from while requests wait. */
  #held: Socket | undefined;

  constructor(socket: Socket, client: string, watcher: ConnectionWatcher) {
    this.socket = socket;
    this.client = client;
    this.#watcher = watcher;
    socket.once("close", () => this.#drop());
  }

  /** Whether not a byte has come. */
  get isSilent(): boolean {
    return this.socket.bytesRead === 0;
  }

  /** Requests that were read and have not begun. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Whether what we write now would be read as part of an answer, or as the answer to another request. Not so if the
   * one request that runs is still being received: then that is the one that is broken.
   */
  get owesAnswers(): boolean {
    if (this.#waiting.length > 0 || this.#running.size > 1) return true;
    for (const { request, response } of this.#running) return request.complete || response.headersSent;
    return false;
  }

  /**
   * Begins with a request, or lets it wait while enough others are unanswered. As long as one waits, nothing more is
   * read: however many requests a client sends, only those wait that node had read together.
   */
  take(request: IncomingMessage, begin: () => Exchange): void {
    if (this.#running.size < mostAtOnce && this.#waiting.length === 0) this.#begin(begin);
    else this.#wait(request.socket, begin);
  }

  /**
   * Begins with the request that waits longest, if there is one and fewer than enough others run.
   * @returns whether a further one may begin
   */
  beginNext(): boolean {
    if (this.#running.size >= mostAtOnce) return false;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#watcher.waitingChanged(-1);
      this.#begin(next);
    }
    if (this.#waiting.length === 0) this.#readOn();
    return this.#waiting.length > 0 && this.#running.size < mostAtOnce;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #wait(socket: Socket, begin: () => Exchange): void {
    this.#waiting.push(begin);
    this.#watcher.waitingChanged(1);
    if (this.#held !== undefined) return;
    this.#held = socket;
    // Node reads on whenever a request has come to its end, so it is stopped each time.
    socket.pause().on("resume", pauseAgain);
  }

  #begin(begin: () => Exchange): void {
    const exchange = begin();
    this.#running.add(exchange);
    if (this.#running.size === 1) this.#watcher.becameBusy(this);
    exchange.whenOver(() => {
      this.#running.delete(exchange);
      this.#goOn();
    });
  }

  #goOn(): void {
    if (this.#held?.destroyed) this.#drop();
    if (this.#waiting.length > 0) this.#watcher.wantsTurn(this);
    else this.#readOn();
    if (this.#running.size === 0 && this.#waiting.length === 0) this.#watcher.becameIdle(this);
  }

  #readOn(): void {
    this.#held?.off("resume", pauseAgain).resume();
    this.#held = undefined;
  }

  /** What waits for its turn is asked by nobody any more. */
  #drop(): void {
    const count = this.#waiting.length;
    if (count === 0) return;
    this.#waiting.length = 0;
    this.#watcher.waitingChanged(-count);
    this.#watcher.dropped(this, count);
  }
}

function pauseAgain(this: Socket): void {
  this.pause();
}
