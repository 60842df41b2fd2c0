import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Logger } from "../observability/logger.js";
import { logAccess } from "./access-log.js";
import { ClientAddress } from "./client-address.js";
import { answerClientError } from "./client-error.js";
import { answerCors } from "./cors.js";
import { respondWithError } from "./error-response.js";
import { Exchange } from "./exchange.js";
import { answerHealth } from "./health.js";
import { RequestIds } from "./request-ids.js";
import type { Routes } from "./router.js";
import { type StallSettings, StallWatch } from "./stall-watch.js";

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** Certificate chain and private key in PEM; HTTP without. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly trustedProxies: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly maxConnections: number;
  /** Bytes. */
  readonly maxHeaderSize: number;
  /** Milliseconds, as are all times here. */
  readonly headersTimeout: number;
  readonly keepAlive: number;
  readonly stall: StallSettings;
  readonly logAccess: boolean;
}

/** How often node looks for connections whose headers take too long. */
const timeoutCheckMs = 5_000;

/** Listens, and gives each request to the routes that hold when it comes. */
export class RegistryServer {
  readonly #settings: ServerSettings;
  readonly #log: Logger;
  readonly #server: Server;
  readonly #clients: ClientAddress;
  readonly #ids = new RequestIds();
  readonly #stalls: StallWatch;
  #routes: Routes;
  #isStopping = false;

  constructor(settings: ServerSettings, routes: Routes, log: Logger) {
    this.#settings = settings;
    this.#routes = routes;
    this.#log = log;
    this.#clients = new ClientAddress(settings.trustedProxies);
    this.#stalls = new StallWatch(settings.stall);
    this.#server = this.#create();
  }

  /** The routes for requests that come from now on; those that run keep theirs. */
  useRoutes(routes: Routes): void {
    this.#routes = routes;
  }

  /** @returns where it listens */
  async listen(): Promise<AddressInfo> {
    const { host, port } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port }, () => resolve());
    });
    // A TCP server's address is never the path of a pipe.
    return this.#server.address() as AddressInfo;
  }

  /** Takes no more connections, lets what runs end, and cuts off what still runs after the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const timer = setTimeout(() => this.cut(), graceMs);
    await closed;
    clearTimeout(timer);
    this.#stalls.stop();
  }

  /** Cuts off everything at once. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  #create(): Server {
    const { tls, maxHeaderSize, headersTimeout, keepAlive, maxConnections } = this.#settings;
    const options = {
      maxHeaderSize,
      headersTimeout,
      keepAliveTimeout: keepAlive,
      // No limit on a whole request: a layer of 100 GB over a slow line is no attack. Bodies that stand still are
      // the stall watch's business.
      requestTimeout: 0,
      connectionsCheckingInterval: timeoutCheckMs,
    };
    const listener = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    const server =
      tls === undefined ? createHttpServer(options, listener) : createHttpsServer({ ...options, ...tls }, listener);
    server.maxConnections = maxConnections;
    server.on("clientError", answerClientError);
    return server;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const id = this.#ids.next(this.#clients.isTrusted(request) ? request.headers["x-request-id"] : undefined);
    const exchange = new Exchange(id, request, response, { address: this.#clients.of(request) }, this.#log);
    if (this.#settings.logAccess) logAccess(exchange, this.#log);
    this.#stalls.watch(exchange);
    response.setHeader("X-Request-Id", id);
    // Content is what somebody pushed: a browser must not guess that it is a page.
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    if (this.#isStopping) response.setHeader("Connection", "close");
    try {
      if (answerCors(exchange, this.#settings.corsOrigins)) return;
      if (answerHealth(exchange, this.#isStopping)) return;
      this.#routes(exchange);
    } catch (error) {
      respondWithError(exchange, error);
    }
  }
}
