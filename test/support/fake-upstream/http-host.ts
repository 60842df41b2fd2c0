import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpHostOptions {
  readonly address: string;
  /** HTTPS instead of HTTP. */
  readonly tls?: TlsOptions | undefined;
  /** Sees who connects by TLS. */
  readonly onSecureConnection?: ((socket: TLSSocket) => void) | undefined;
}

/** A server that can go away and come back on the same port. */
export class HttpHost {
  readonly #handle: Handle;
  readonly #options: HttpHostOptions;
  #server: Server | undefined;
  #port = 0;
  #connections = 0;

  constructor(handle: Handle, options: HttpHostOptions) {
    this.#handle = handle;
    this.#options = options;
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
    const { address, tls, onSecureConnection } = this.#options;
    const server = tls ? createTlsServer(tls, this.#handle) : createServer(this.#handle);
    if (onSecureConnection) server.on("secureConnection", onSecureConnection);
    server.on("connection", () => {
      this.#connections += 1;
    });
    server.listen(this.#port, address);
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
