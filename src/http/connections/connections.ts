import type { Socket } from "node:net";
import type { Logger } from "../../observability/logger.js";
import { peerOf } from "../client-address.js";
import { type Answer, Connection, type ConnectionWatcher } from "./connection.js";
import { IdleConnections } from "./idle-connections.js";
import { Turns } from "./turns.js";

/** Requests that may wait for their turn on all connections together: each takes some kilobytes of memory. */
const mostWaiting = 10_000;

/** A client that has just connected is about to send something, also while the server stops. */
const silentForMs = 1_000;

/**
 * All open connections, also those on which TLS has not begun. When there are as many as may be, one that waits for no
 * answer gives way to the next, so that a client that collects idle connections harms nobody else.
 */
export class Connections implements ConnectionWatcher {
  /** How many may be open. */
  most: number;
  readonly #open = new Set<Connection>();
  /** By the socket that requests come from: with TLS that is not the one that was accepted. */
  readonly #bySocket = new Map<Socket, Connection>();
  /** Until TLS is agreed upon: by the addresses of both ends, which are the same for both sockets. */
  readonly #handshaking = new Map<string, Connection>();
  readonly #idle = new IdleConnections();
  readonly #turns = new Turns();
  readonly #answer: Answer;
  readonly #log: Logger;
  #waiting = 0;

  constructor(most: number, answer: Answer, log: Logger) {
    this.most = most;
    this.#answer = answer;
    this.#log = log;
  }

  /** Whether a response is written and not yet sent to its last byte. */
  get isSending(): boolean {
    for (const connection of this.#open) if (connection.isSending) return true;
    return false;
  }

  /** Where a request or an error came from; `undefined` before TLS is agreed upon. */
  of(socket: Socket): Connection | undefined {
    return this.#bySocket.get(socket);
  }

  /** The connection of a socket on which TLS did not begin. */
  beforeTls(socket: Socket): Connection | undefined {
    return this.#handshaking.get(endsOf(socket));
  }

  /** Takes a connection that was accepted, or closes it if there is no place for it. */
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
    const connection = new Connection(socket, peerOf(socket), { watcher: this, answer: this.#answer });
    this.#open.add(connection);
    this.#idle.opened(connection);
    const ends = endsOf(socket);
    if (speaksTls) this.#handshaking.set(ends, connection);
    else this.#bySocket.set(socket, connection);
    socket.once("close", () => {
      if (this.#handshaking.get(ends) === connection) this.#handshaking.delete(ends);
      this.#bySocket.delete(socket);
      this.#forget(connection);
    });
  }

  /** TLS is agreed upon, and requests come from this socket. */
  secured(socket: Socket): void {
    const ends = endsOf(socket);
    const connection = this.#handshaking.get(ends);
    this.#handshaking.delete(ends);
    if (connection === undefined) return;
    this.#bySocket.set(socket, connection);
    socket.once("close", () => this.#bySocket.delete(socket));
  }

  /** Closes those on which nothing has come for a while. */
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

  wantsTurn(connection: Connection): void {
    this.#turns.ask(connection);
  }

  /** One line for all: a client must not fill the log with requests that cost it a few bytes each. */
  dropped({ caller }: Connection, count: number): void {
    this.#log.info("requests dropped: their connection ended before it was their turn", {
      client: caller.network,
      count,
    });
  }

  #mostWaitingOne(): Connection | undefined {
    let most: Connection | undefined;
    for (const connection of this.#open) if (connection.waiting > (most?.waiting ?? 0)) most = connection;
    return most;
  }

  #forget(connection: Connection): void {
    if (this.#open.delete(connection)) this.#idle.closed(connection);
  }
}

function endsOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;
}
