import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { PacedLine } from "../../foundation/paced-line.js";
import type { Logger } from "../../observability/logger.js";
import { peerOf } from "../client-address.js";
import type { Exchange } from "../exchange.js";
import { type Answer, Connection, type ConnectionWatcher } from "./connection.js";
import { IdleConnections } from "./idle-connections.js";
import { Newcomers } from "./newcomers.js";
import { Refusals } from "./refusal.js";
import { refusalOfHead } from "./request-head.js";
import { Turns } from "./turns.js";

/** Requests that may wait for their turn on all connections together: each takes a few kilobytes of memory. */
const mostWaiting = 10_000;

/** How long new connections are read in small pieces after a client has sent a crowd of requests. */
const crowdedForMs = 10_000;

/** Tiny pieces of bodies that are read a second, on all connections together: a thousand take 5 % of the time. */
const tinyPiecesASecond = 1_000;

/** A client that has just connected is about to send something, even while the server is stopping. */
const silentForMs = 1_000;

/**
 * All open connections, including those without a finished TLS handshake. At the limit, one that waits for no response
 * gives way to the next, so that a client that hoards idle connections harms no one else.
 */
export class Connections implements ConnectionWatcher {
  /** Maximum number of open connections. */
  most: number;
  /** Refuses what is not a valid request. */
  readonly refusals: Refusals;
  readonly #open = new Set<Connection>();
  /** By the socket that requests come from: with TLS, that is not the accepted one. */
  readonly #bySocket = new Map<Socket, Connection>();
  /** During the TLS handshake: by the addresses of both ends, which are the same for both sockets. */
  readonly #handshaking = new Map<string, Connection>();
  readonly #idle = new IdleConnections();
  readonly #turns = new Turns();
  readonly #rested = new PacedLine(tinyPiecesASecond);
  readonly #newcomers = new Newcomers();
  readonly #answer: Answer;
  readonly #log: Logger;
  #waiting = 0;
  /** Until then, new connections are read in small pieces. */
  #crowdedUntil = 0;
  /** When the authorities of client certificates last changed. */
  #authoritiesSince = 0;

  constructor(most: number, answer: Answer, log: Logger) {
    this.most = most;
    this.#answer = answer;
    this.#log = log;
    this.refusals = new Refusals(this, log);
  }

  /** Whether a response is written and not yet sent to its last byte. */
  get isSending(): boolean {
    for (const connection of this.#open) if (connection.isSending) return true;
    return false;
  }

  /** Requests that are not answered yet, or whose answer is not complete. */
  *running(): Iterable<Exchange> {
    for (const connection of this.#open) yield* connection.running;
  }

  /** The connection of an error; `undefined` during the TLS handshake. */
  of(socket: Socket): Connection | undefined {
    return this.#bySocket.get(socket);
  }

  /** The connection of a socket whose TLS handshake failed. */
  beforeTls(socket: Socket): Connection | undefined {
    return this.#handshaking.get(endsOf(socket));
  }

  /** Takes an accepted connection, or closes it if there is no room for it. */
  admit(socket: Socket, speaksTls: boolean): void {
    if (this.#open.size >= this.most) {
      const idle = this.#idle.first();
      if (idle === undefined) {
        socket.destroy();
        return;
      }
      this.#forget(idle);
      idle.destroy();
    }
    const connection = new Connection(socket, peerOf(socket), {
      watcher: this,
      turns: this.#turns,
      rested: this.#rested,
      answer: this.#answer,
    });
    this.#open.add(connection);
    this.#idle.opened(connection);
    const ends = endsOf(socket);
    if (speaksTls) this.#handshaking.set(ends, connection);
    else this.#opened(socket, connection);
    socket.once("close", () => {
      if (this.#handshaking.get(ends) === connection) this.#handshaking.delete(ends);
      this.#bySocket.delete(socket);
      this.#forget(connection);
    });
  }

  /** The TLS handshake has finished, and requests come from this socket. @returns the accepted socket */
  secured(socket: Socket): Socket | undefined {
    const ends = endsOf(socket);
    const connection = this.#handshaking.get(ends);
    this.#handshaking.delete(ends);
    if (connection === undefined) return undefined;
    this.#opened(socket, connection);
    socket.once("close", () => this.#bySocket.delete(socket));
    return connection.socket;
  }

  /** Lets a request run when it is its turn on its connection, unless its end is ambiguous. */
  readonly take = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = this.#bySocket.get(request.socket);
    if (connection === undefined || connection.isOver) return;
    if (connection.openedAt < this.#authoritiesSince) {
      connection.destroy();
      return;
    }
    const refusal = refusalOfHead(request);
    if (refusal === undefined) connection.take(request, response);
    else this.refusals.refuse(refusal, request.socket);
  };

  /**
   * Open connections take no more requests: their clients were authenticated by authorities that may no longer count,
   * and must connect again and show their certificates.
   */
  distrustOpen(): void {
    this.#authoritiesSince = performance.now();
  }

  /** Closes connections on which nothing has arrived for a while. */
  closeSilent(): void {
    const before = performance.now() - silentForMs;
    for (const connection of this.#open) {
      if (connection.openedAt < before && connection.isSilent) connection.destroy();
    }
  }

  closeAll(): void {
    for (const connection of this.#open) connection.destroy();
  }

  waitingChanged(by: number): void {
    this.#waiting += by;
    if (this.#waiting > mostWaiting) this.#mostWaitingOne()?.destroy();
  }

  arrived(connection: Connection): void {
    this.#newcomers.arrived(connection);
  }

  /** Where one sends a crowd of requests, others may be about to: the first 64 KiB of each take 25 ms if read whole. */
  crowded(): void {
    const now = performance.now();
    const isNews = now > this.#crowdedUntil;
    this.#crowdedUntil = now + crowdedForMs;
    if (!isNews) return;
    for (const [socket, connection] of this.#bySocket) if (connection.isSilent) connection.readInSips(socket);
  }

  /** One line for all: a client must not fill the log with cheap requests. */
  dropped({ caller }: Connection, count: number): void {
    this.#log.info("requests dropped: their connection ended before it was their turn", {
      client: caller.network,
      count,
    });
  }

  /** Requests may come from this socket. */
  #opened(socket: Socket, connection: Connection): void {
    this.#bySocket.set(socket, connection);
    // Even the first data of a new connection may contain thousands of requests.
    if (this.#newcomers.areMany || performance.now() < this.#crowdedUntil) connection.readInSips(socket);
  }

  #mostWaitingOne(): Connection | undefined {
    let most: Connection | undefined;
    for (const connection of this.#open) if (connection.waiting > (most?.waiting ?? 0)) most = connection;
    return most;
  }

  #forget(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    this.#idle.closed(connection);
    this.#newcomers.left(connection);
  }
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}
