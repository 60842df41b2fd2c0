import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Caller } from "../../registry/context.js";
import type { Exchange } from "../exchange.js";

/** Requests of one connection that run at the same time; responses are sent in order in any case. */
const mostAtOnce = 4;

/** Begins to answer a request. The exchange tells the connection when it is over: `answered`. */
export type Answer = (request: IncomingMessage, response: ServerResponse, connection: Connection) => Exchange;

/** A request that waits for its turn. */
type Waiting = readonly [request: IncomingMessage, response: ServerResponse];

/** Is told about changes of a connection. */
export interface ConnectionWatcher {
  /** The number of waiting requests has changed. */
  waitingChanged(by: number): void;
  /** The connection has a waiting request: `beginNext` must be called when it is its turn. */
  wantsTurn(connection: Connection): void;
  /** The connection ended with this number of waiting requests, which are dropped. */
  dropped(connection: Connection, count: number): void;
}

interface ConnectionParts {
  readonly watcher: ConnectionWatcher;
  readonly answer: Answer;
}

/** One client's connection, from its acceptance to its end. */
export class Connection {
  readonly openedAt = performance.now();
  /** The accepted socket; TLS, if any, runs over it. */
  readonly socket: Socket;
  /** The client, as the socket shows it: behind a reverse proxy, that proxy. */
  readonly caller: Caller;
  /** Nothing more that is read will run: an invalid request arrived, or the last request has been read. */
  isOver = false;
  /** Its client's idle connections; it is among them while it has no request. `undefined` once it gives way. */
  idleAmong: Set<Connection> | undefined;
  readonly #watcher: ConnectionWatcher;
  readonly #answer: Answer;
  /** No set: that keeps what it held before until a full garbage collection, which costs each request more than its answer. */
  readonly #running: Exchange[] = [];
  readonly #waiting: Waiting[] = [];
  /** The socket that is paused while requests wait. */
  #held: Socket | undefined;

  constructor(socket: Socket, caller: Caller, { watcher, answer }: ConnectionParts) {
    this.socket = socket;
    this.caller = caller;
    this.#watcher = watcher;
    this.#answer = answer;
    socket.once("close", () => this.#end());
  }

  /** Whether no byte has arrived yet. */
  get isSilent(): boolean {
    return this.socket.bytesRead === 0;
  }

  /** Requests that were read and have not begun. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Requests that are not answered yet, or not to the last byte. */
  get running(): Iterable<Exchange> {
    return this.#running;
  }

  /** Whether a response is written and not yet sent to its last byte. */
  get isSending(): boolean {
    for (const { response } of this.#running) if (response.writableEnded) return true;
    return false;
  }

  /**
   * Whether anything written now would be read as part of a response, or as the response to another request. Not if the
   * only running request is still being received: then that is the broken one.
   */
  get owesAnswers(): boolean {
    if (this.#waiting.length > 0 || this.#running.length > 1) return true;
    for (const { request, response } of this.#running) return request.complete || response.headersSent;
    return false;
  }

  /**
   * Begins a request, or lets it wait while enough others are unanswered. While one waits, nothing more is read:
   * however many requests a client sends, only those that Node read together can wait.
   */
  take(request: IncomingMessage, response: ServerResponse): void {
    if (this.#running.length < mostAtOnce && this.#waiting.length === 0) this.#begin(request, response);
    else this.#wait(request, response);
  }

  /** Called when one of its exchanges is over. */
  answered(exchange: Exchange): void {
    const place = this.#running.indexOf(exchange);
    if (place >= 0) this.#running.splice(place, 1);
    if (this.#held?.destroyed) this.#drop();
    if (this.#waiting.length > 0) this.#watcher.wantsTurn(this);
    else if (this.#held !== undefined) this.#readOn();
    if (this.#running.length === 0 && this.#waiting.length === 0) this.idleAmong?.add(this);
  }

  /**
   * Begins the oldest waiting request, if there is one and few enough others run.
   * @returns whether another one may begin
   */
  beginNext(): boolean {
    if (this.#running.length >= mostAtOnce) return false;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#watcher.waitingChanged(-1);
      this.#begin(...next);
    }
    if (this.#waiting.length === 0) this.#readOn();
    return this.#waiting.length > 0 && this.#running.length < mostAtOnce;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #wait(request: IncomingMessage, response: ServerResponse): void {
    this.#waiting.push([request, response]);
    this.#watcher.waitingChanged(1);
    if (this.#held !== undefined) return;
    this.#held = request.socket;
    // Node resumes whenever a request has been read completely, so it is paused each time.
    this.#held.pause().on("resume", pauseAgain);
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#running.push(this.#answer(request, response, this));
    this.idleAmong?.delete(this);
  }

  #readOn(): void {
    this.#held?.off("resume", pauseAgain).resume();
    this.#held = undefined;
  }

  #end(): void {
    this.#drop();
    for (const exchange of [...this.#running]) exchange.end();
  }

  /** Drops requests that have not begun: no one waits for their responses. */
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
