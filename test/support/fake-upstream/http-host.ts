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
  /** Called with each TLS connection. */
  readonly onSecureConnection?: ((socket: TLSSocket) => void) | undefined;
}

/** A server that can stop and start again on the same port. */
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

  /** Number of connections so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Listens on its previous port, or on any free one. */
  async start(): Promise<void> {
    const { address, tls, onSecureConnection } = this.#options;
    const server = tls ? createTlsServer(tls, this.#handle) : createServer(this.#handle);
    if (onSecureConnection) server.on("secureConnection", onSecureConnection);
    server.on("connection", () => {
      this.#connections += 1;
    });
    server.listen(this.#port, address);
    await once(server, "listening");
    // The address of a server on a port always has a port.
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Refuses connections from now on, and breaks open ones. */
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
