import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that can go away and come back on the same port. */
export class HttpHost {
  readonly #handle: Handle;
  readonly #address: string;
  readonly #tls: TlsOptions | undefined;
  #server: Server | undefined;
  #port = 0;
  #connections = 0;

  constructor(handle: Handle, address: string, tls?: TlsOptions) {
    this.#handle = handle;
    this.#address = address;
    this.#tls = tls;
  }

  get port(): number {
    return this.#port;
  }

  /** How many were ever made. */
  get connections(): number {
    return this.#connections;
  }

  /** Listens on the port it had, or on any free one. */
  async start(): Promise<void> {
    const server = this.#tls ? createTlsServer(this.#tls, this.#handle) : createServer(this.#handle);
    server.on("connection", () => {
      this.#connections += 1;
    });
    server.listen(this.#port, this.#address);
    await once(server, "listening");
    // A server on a port always has an address with a port.
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Refuses connections from now on, and breaks those that are open. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }
}
