import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Admission } from "../../auth/access-control.js";
import type { LastCredentials } from "../../auth/known-credentials.js";
import type { PacedLine } from "../../foundation/paced-line.js";
import type { Caller } from "../../registry/context.js";
import type { Exchange } from "../exchange.js";
import { announcesBody } from "../request-body.js";
import { onContent } from "./content-pieces.js";
import { Reading } from "./reading.js";
import type { Turns, TurnTaker } from "./turns.js";
import { holdsFullBody, owesAnswers, type WaitingRequest } from "./unanswered-requests.js";

/** Requests of one connection that run at the same time; responses are sent in order in any case. */
const mostAtOnce = 4;

/**
 * No normal client sends this many requests before it reads an answer. The input of one that does is parsed in small
 * pieces.
 */
const crowd = 16;

/** Begins to answer a request. The exchange tells the connection when it is over: `answered`. */
export type Answer = (request: IncomingMessage, response: ServerResponse, connection: Connection) => Exchange;

/** Is told about changes of a connection. */
export interface ConnectionWatcher {
  /** The number of waiting requests has changed. */
  waitingChanged(by: number): void;
  /** The connection has its first request: call `letIn` when it may start. */
  arrived(connection: Connection): void;
  /** So many requests came together that connections should be read in small pieces. */
  crowded(): void;
  /** The connection ended with this number of waiting requests, which are dropped. */
  dropped(connection: Connection, count: number): void;
}

interface ConnectionParts {
  readonly watcher: ConnectionWatcher;
  readonly turns: Turns;
  readonly rested: PacedLine;
  readonly answer: Answer;
}

/** One client's connection, from its acceptance to its end. */
export class Connection implements TurnTaker {
  readonly openedAt = performance.now();
  /** The accepted socket; TLS, if any, runs over it. */
  readonly socket: Socket;
  /** The client, as the socket shows it: behind a reverse proxy, that proxy. */
  readonly caller: Caller;
  /** Nothing more that is read will run: an invalid request arrived, or the last request has been read. */
  isOver = false;
  /** Of its requests: the next one nearly always has the same. */
  lastCredentials: LastCredentials<Admission> | undefined;
  /** Its client's idle connections; it is among them while it has no request. `undefined` once it gives way. */
  idleAmong: Set<Connection> | undefined;
  readonly #watcher: ConnectionWatcher;
  readonly #turns: Turns;
  readonly #answer: Answer;
  /**
   * No set: that keeps what it held before until a full garbage collection, which costs each request more than its
   * answer.
   */
  readonly #running: Exchange[] = [];
  readonly #waiting: WaitingRequest[] = [];
  readonly #reading: Reading;
  /** Of all bodies together. */
  #contentPieces = 0;
  /** A new connection has sent nothing; one that has arrived waits until it is let in. */
  #state: "new" | "arrived" | "let in" = "new";

  constructor(socket: Socket, caller: Caller, { watcher, turns, rested, answer }: ConnectionParts) {
    this.socket = socket;
    this.caller = caller;
    this.#watcher = watcher;
    this.#turns = turns;
    this.#answer = answer;
    const read = {
      mayReadOn: () => this.#waiting.length === 0 && !this.#running.some(holdsFullBody),
      isReceiving: () => this.#running.some(({ request }) => !request.complete),
      contentPieces: () => this.#contentPieces,
    };
    this.#reading = new Reading(read, { turns, rested });
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

  /** Requests that are not answered yet, or whose answer is not complete. */
  get running(): Iterable<Exchange> {
    return this.#running;
  }

  /** Whether a response is written and not yet sent to its last byte. */
  get isSending(): boolean {
    return this.#running.some(({ response }) => response.writableEnded);
  }

  /** Drops all waiting requests. @returns whether the client can be told why: not in the middle of another answer */
  refuse(): boolean {
    const owes = owesAnswers(this.#running, this.#waiting);
    this.#forgetWaiting();
    return !owes;
  }

  /**
   * Begins a request, or lets it wait while enough others are unanswered. While one waits, nothing more is read:
   * however many requests a client sends, only those that Node read together can wait.
   */
  take(request: IncomingMessage, response: ServerResponse): void {
    if (announcesBody(request)) onContent(request, () => this.#contentPieces++);
    if (request.headers["transfer-encoding"] !== undefined) this.#reading.noteChunks(request.socket);
    if (this.#state === "let in" && this.#running.length < mostAtOnce && this.#waiting.length === 0)
      this.#begin(request, response);
    else this.#wait(request, response);
  }

  /** Lets the rest of a body gather for a moment before it is read. */
  rest(socket: Socket): void {
    this.#reading.rest(socket);
  }

  /** From now on, input is parsed in small pieces. */
  readInSips(socket: Socket): void {
    this.#reading.beginSips(socket);
  }

  /**
   * Starts with the first request of a new connection, and with those that came together with it: at once, or in turn
   * with other new connections, as a flood of them arrives in one turn of the event loop.
   */
  letIn(): void {
    this.#state = "let in";
    this.#turns.takeOrAsk(this);
  }

  /** Called when one of its exchanges is over. */
  answered(exchange: Exchange): void {
    const place = this.#running.indexOf(exchange);
    if (place >= 0) this.#running.splice(place, 1);
    if (this.#reading.held?.destroyed) this.#drop();
    if (this.#waiting.length > 0) this.#turns.ask(this);
    else if (this.#reading.held !== undefined) this.#reading.readOn();
    if (this.#running.length === 0 && this.#waiting.length === 0) this.idleAmong?.add(this);
  }

  /** Begins the oldest waiting request, if there is one and few enough others run. */
  takeTurn(): void {
    if (this.#running.length >= mostAtOnce) return;
    this.#beginFirst();
    this.#reading.readOn();
    if (this.#waiting.length > 0 && this.#running.length < mostAtOnce) this.#turns.ask(this);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #wait(request: IncomingMessage, response: ServerResponse): void {
    this.#waiting.push([request, response]);
    this.#watcher.waitingChanged(1);
    this.idleAmong?.delete(this);
    if (this.#waiting.length > crowd) this.#noteCrowd();
    if (this.#state === "let in") this.#reading.hold(request.socket);
    if (this.#state !== "new") return;
    this.#state = "arrived";
    // Node parses everything it has read in one go: if malformed input follows, nothing needs to be started.
    process.nextTick(() => this.#arrive(request.socket));
  }

  #noteCrowd(): void {
    this.#reading.noteCrowd();
    this.#watcher.crowded();
  }

  #arrive(socket: Socket): void {
    if (socket.destroyed || this.#waiting.length === 0) return;
    this.#watcher.arrived(this);
    if (this.#waiting.length > 0) this.#reading.hold(socket);
  }

  #beginFirst(): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#watcher.waitingChanged(-1);
    this.#begin(...next);
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    this.#running.push(this.#answer(request, response, this));
    this.idleAmong?.delete(this);
  }

  #end(): void {
    this.#drop();
    for (const exchange of [...this.#running]) exchange.end();
  }

  /** Drops requests that have not begun: no one waits for their responses. */
  #drop(): void {
    const count = this.#waiting.length;
    if (count === 0) return;
    this.#forgetWaiting();
    this.#watcher.dropped(this, count);
  }

  #forgetWaiting(): void {
    this.#watcher.waitingChanged(-this.#waiting.length);
    this.#waiting.length = 0;
  }
}
