import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Scope } from "./scope.js";

/** A TCP connection that sends exactly what it is given, HTTP or not. */
export class RawConnection {
  readonly socket: Socket;
  /** Resolves with everything that was received, when either side has closed. */
  readonly closed: Promise<string>;
  #received = "";

  /** @param options `allowHalfOpen`: it stays open when the server has closed its side */
  static async open(scope: Scope, port: number, options: { allowHalfOpen?: boolean } = {}): Promise<RawConnection> {
    const socket = connect({ ...options, port, host: "127.0.0.1" });
    scope.defer(() => socket.destroy());
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1").on("data", (text: string) => {
      this.#received += text;
    });
    // A reset ends a connection just like a close.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", () => resolve(this.#received)));
  }

  get received(): string {
    return this.#received;
  }

  /** Sends bytes as they are; text in latin-1. */
  send(content: string | Buffer): void {
    this.socket.write(typeof content === "string" ? Buffer.from(content, "latin1") : content);
  }

  /** Waits until what was received matches, and returns all of it; throws if the connection is closed before. */
  async receive(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received)) {
      const isOpen = await Promise.race([once(this.socket, "data").then(() => true), this.closed.then(() => false)]);
      if (!isOpen) throw new Error(`closed after ${JSON.stringify(this.#received)}, before ${pattern}`);
    }
    return this.#received;
  }
}

/** Status codes of the responses in what a connection received. */
export function statusesIn(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
}

/** Opens a connection, sends everything and returns what arrived until the server closed. */
export async function exchangeRaw(scope: Scope, port: number, content: string | Buffer): Promise<string> {
  const connection = await RawConnection.open(scope, port);
  connection.send(content);
  return connection.closed;
}
