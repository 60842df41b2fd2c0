import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Logger } from "../observability/logger.js";
import { logAccess } from "./access-log.js";
import { ClientAddress, networkOf } from "./client-address.js";
import type { Connection } from "./connections/connection.js";
import { Connections } from "./connections/connections.js";
import {
  type ConnectionError,
  isAnswerable,
  isPlainHttp,
  plainHttpRefusal,
  type Refusal,
  refusalOf,
  refuse,
} from "./connections/refusal.js";
import { answerExpectation, refusalOfHead } from "./connections/request-head.js";
import { answerCors, type CorsSettings } from "./cors.js";
import { respondWithError } from "./error-response.js";
import { Exchange } from "./exchange.js";
import { answerHealth } from "./health.js";
import { createNodeServer } from "./node-server.js";
import { RequestIds } from "./request-ids.js";
import { originForm } from "./request-target.js";
import type { Routes } from "./router.js";
import { type StallSettings, StallWatch } from "./stall-watch.js";
import { checkClientCertificate } from "./tls/shown-certificate.js";
import { haveAuthoritiesChanged, type TlsSettings, tlsOptionsOf } from "./tls/tls-settings.js";

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** HTTP without. */
  readonly tls: TlsSettings | undefined;
  readonly trustedProxies: readonly string[];
  readonly cors: CorsSettings;
  readonly maxConnections: number;
  /** Bytes. */
  readonly maxHeaderSize: number;
  /** Milliseconds, as are all times here. */
  readonly headersTimeout: number;
  readonly keepAlive: number;
  readonly stall: StallSettings;
  readonly logAccess: boolean;
}

/** How often a server that stops looks for connections that wait for a next request. */
const idleSweepMs = 50;

/** Listens, and gives each request to the routes that hold when it comes. */
export class RegistryServer {
  #settings: ServerSettings;
  readonly #log: Logger;
  readonly #server: Server;
  #clients: ClientAddress;
  readonly #ids = new RequestIds();
  #stalls: StallWatch;
  /** What is not answered yet, or not to the last byte. */
  readonly #running = new Set<Exchange>();
  #routes: Routes;
  readonly #connections: Connections;
  /** When other authorities of client certificates came into use. */
  #authoritiesSince = 0;
  #isStopping = false;

  constructor(settings: ServerSettings, routes: Routes, log: Logger) {
    this.#settings = settings;
    this.#routes = routes;
    this.#log = log;
    this.#clients = new ClientAddress(settings.trustedProxies);
    this.#stalls = new StallWatch(settings.stall);
    this.#connections = new Connections(settings.maxConnections, log);
    this.#server = createNodeServer(settings);
    this.#listenTo(this.#server, settings.tls !== undefined);
  }

  /** @returns where it listens */
  async listen(): Promise<AddressInfo> {
    const { host, port } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      // Left to node, every address is every IPv4 address on a machine without IPv6.
      this.#server.listen(host === "::" ? { port } : { host, port }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    // One client's, or for want of memory or open files: without a listener it would end the process.
    this.#server.on("error", (cause) => this.#log.error("a connection could not be accepted", { cause }));
    // A TCP server's address is never the path of a pipe.
    return this.#server.address() as AddressInfo;
  }

  /**
   * Answers what comes from now on by other routes and settings; what runs goes on as it began. Where it listens, and
   * whether by TLS, stays; a renewed certificate is taken.
   */
  reconfigure(settings: ServerSettings, routes: Routes): void {
    const { tls, headersTimeout, keepAlive, trustedProxies, stall } = settings;
    if (tls !== undefined) this.renewTls(tls);
    this.#server.headersTimeout = headersTimeout;
    this.#server.keepAliveTimeout = keepAlive;
    this.#connections.most = settings.maxConnections;
    this.#clients = new ClientAddress(trustedProxies);
    this.#stalls.retire();
    this.#stalls = new StallWatch(stall);
    this.#settings = { ...settings, tls: this.#settings.tls };
    this.#routes = routes;
  }

  /** Takes other certificates for connections that come from now on; those that are open keep theirs. */
  renewTls(tls: TlsSettings): void {
    if (!(this.#server instanceof HttpsServer)) return;
    this.#server.setSecureContext(tlsOptionsOf(tls));
    if (haveAuthoritiesChanged(this.#settings.tls, tls)) this.#authoritiesSince = performance.now();
    this.#settings = { ...this.#settings, tls };
  }

  /** Takes no more connections, lets what runs end, and cuts off what still runs after the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const sweep = setInterval(() => this.#closeIdle(), idleSweepMs);
    const timer = setTimeout(() => this.cut(), graceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(timer);
    this.#stalls.stop();
  }

  /** Cuts off everything at once. */
  cut(): void {
    this.#connections.closeAll();
  }

  /** Node takes a connection for idle as soon as its answer is written, so it may be asked only when all are sent. */
  #closeIdle(): void {
    this.#connections.closeSilent();
    for (const { response } of this.#running) if (response.writableEnded) return;
    this.#server.closeIdleConnections();
  }

  #listenTo(server: Server, speaksTls: boolean): void {
    // Not by node's own limit: what a worker refuses by that comes back to it, again and again, when all are full.
    server.on("connection", (socket: Socket) => this.#connections.admit(socket, speaksTls));
    server.on("secureConnection", (socket: Socket) => this.#connections.secured(socket));
    // Each request that waits on a connection listens to its end, however many a client sends at once.
    server.on(speaksTls ? "secureConnection" : "connection", (socket: Socket) => socket.setMaxListeners(0));
    const take = (request: IncomingMessage, response: ServerResponse) => this.#take(request, response);
    server.on("request", take).on("checkContinue", take).on("checkExpectation", take);
    server.on("clientError", (error, socket: Socket) => this.#refuseBroken(error, socket));
    server.on("connect", (_, socket: Socket) => this.#refuse({ status: 405, message: "this is no proxy" }, socket));
  }

  /** Has a request answered when it is its turn on its connection, unless nobody can say for sure where it ends. */
  #take(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.of(request.socket);
    if (connection === undefined || connection.isOver) return;
    // Its client proved who it is to authorities that may no longer count; it connects again and shows its certificate.
    if (connection.openedAt < this.#authoritiesSince) {
      connection.destroy();
      return;
    }
    const refusal = refusalOfHead(request);
    if (refusal === undefined) connection.take(request, () => this.#answer(request, response));
    else this.#refuse(refusal, request.socket);
  }

  /** What node finds on a connection that is no request, or no HTTP at all. */
  #refuseBroken(error: ConnectionError, socket: Socket): void {
    const withoutTls = isPlainHttp(error) ? this.#connections.beforeTls(socket) : undefined;
    if (withoutTls !== undefined) this.#refusePlainHttp(withoutTls);
    else if (isAnswerable(error)) this.#refuse(refusalOf(error), socket, error.code);
    else {
      this.#log.debug("connection broken off", { client: networkOf(socket.remoteAddress ?? ""), cause: error });
      socket.destroy();
    }
  }

  /**
   * Refuses what is no valid request and closes its connection. Nothing is written into an answer: the client would take
   * it for content.
   */
  #refuse(refusal: Refusal, socket: Socket, code?: string): void {
    const connection = this.#connections.of(socket);
    if (connection === undefined || connection.isOver) return;
    connection.isOver = true;
    // What follows the last request of a connection is ignored, and does not disturb its answer (RFC 9112, section 9.6).
    if (code === "HPE_CLOSED_CONNECTION") return;
    this.#log.info("request refused", { client: connection.client, code, ...refusal });
    if (connection.owesAnswers || !socket.writable) socket.destroy();
    else refuse(socket, refusal);
  }

  /** Without TLS, on the connection below it: a client that does not speak it could not read the answer otherwise. */
  #refusePlainHttp({ client, socket }: Connection): void {
    this.#log.info("request refused", { client, ...plainHttpRefusal });
    refuse(socket, plainHttpRefusal);
  }

  #answer(request: IncomingMessage, response: ServerResponse): Exchange {
    request.url = originForm(request.url);
    const id = this.#ids.next(this.#clients.isTrusted(request) ? request.headers["x-request-id"] : undefined);
    const exchange = new Exchange(id, request, response, this.#clients.callerOf(request), this.#log);
    if (this.#settings.logAccess) logAccess(exchange, this.#log);
    this.#stalls.watch(exchange);
    this.#running.add(exchange);
    exchange.whenOver(() => this.#running.delete(exchange));
    response.setHeader("X-Request-Id", id);
    // Content is what somebody pushed: a browser must not guess that it is a page.
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    if (this.#isStopping) response.setHeader("Connection", "close");
    try {
      answerExpectation(request, response);
      if (!answerCors(exchange, this.#settings.cors) && !answerHealth(exchange, this.#isStopping)) {
        checkClientCertificate(request.socket, this.#settings.tls?.clientAuth ?? "off");
        this.#routes(exchange);
      }
    } catch (error) {
      respondWithError(exchange, error);
    }
    return exchange;
  }
}
