import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Logger } from "../observability/logger.js";
import { logAccess } from "./access-log.js";
import { TrustedProxies } from "./client-address.js";
import type { Connection } from "./connections/connection.js";
import { Connections } from "./connections/connections.js";
import { connectRefusal, Refusals } from "./connections/refusal.js";
import { answerExpectation, refusalOfHead } from "./connections/request-head.js";
import { answerCors, type CorsSettings } from "./cors.js";
import { respondWithError } from "./error-response.js";
import { Exchange, RequestIds } from "./exchange.js";
import { answerHealth } from "./health.js";
import { createNodeServer } from "./node-server.js";
import type { DenialListener } from "./recorded-denials.js";
import type { RequestObserver } from "./request-observer.js";
import type { Routes } from "./router.js";
import { type StallSettings, StallWatch } from "./stall-watch.js";
import { checkClientCertificate } from "./tls/shown-certificate.js";
import { haveAuthoritiesChanged, type TlsSettings, tlsOptionsOf } from "./tls/tls-settings.js";

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** `undefined` for plain HTTP. */
  readonly tls: TlsSettings | undefined;
  readonly trustedProxies: readonly string[];
  readonly cors: CorsSettings;
  readonly maxConnections: number;
  /** In bytes. */
  readonly maxHeaderSize: number;
  /** In milliseconds, like all times here. */
  readonly headersTimeout: number;
  readonly keepAlive: number;
  readonly stall: StallSettings;
  readonly logAccess: boolean;
  /** `undefined` if denials are not recorded. */
  readonly onDenied?: DenialListener | undefined;
}

/** How often a stopping server looks for connections that wait for another request. */
const idleSweepMs = 50;

/** Listens, and passes each request to the current routes. */
export class RegistryServer {
  #settings: ServerSettings;
  readonly #log: Logger;
  readonly #server: Server;
  /** `undefined` if there are none. */
  #proxies: TrustedProxies | undefined;
  readonly #ids = new RequestIds();
  readonly #stalls: StallWatch;
  #routes: Routes;
  readonly #connections: Connections;
  readonly #refusals: Refusals;
  readonly #observers: readonly RequestObserver[];
  /** When the authorities of client certificates last changed. */
  #authoritiesSince = 0;
  #isStopping = false;

  constructor(settings: ServerSettings, routes: Routes, log: Logger, observers: readonly RequestObserver[] = []) {
    this.#settings = settings;
    this.#routes = routes;
    this.#log = log;
    this.#observers = observers;
    this.#proxies = trustedProxiesOf(settings);
    this.#stalls = new StallWatch(settings.stall);
    this.#connections = new Connections(settings.maxConnections, this.#answer, log);
    this.#refusals = new Refusals(this.#connections, log);
    this.#server = createNodeServer(settings);
    this.#listenTo(this.#server, settings.tls !== undefined);
  }

  /** Requests that are not answered yet, or whose answer is not complete. */
  running(): Iterable<Exchange> {
    return this.#connections.running();
  }

  /** @returns the address that it listens on */
  async listen(): Promise<AddressInfo> {
    const { host, port } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      // With "::", Node would fail on a machine without IPv6; without a host, it listens on all addresses of either
      // kind.
      this.#server.listen(host === "::" ? { port } : { host, port }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    // For example if memory or open files run out: without a listener, it would end the process.
    this.#server.on("error", (cause) => this.#log.error("a connection could not be accepted", { cause }));
    // A TCP server's address is never the path of a pipe.
    return this.#server.address() as AddressInfo;
  }

  /**
   * Uses other routes and settings for new requests; running ones are not affected. The address, and whether it uses
   * TLS, stay the same; a renewed certificate is used.
   */
  reconfigure(settings: ServerSettings, routes: Routes): void {
    const { tls, headersTimeout, keepAlive } = settings;
    if (tls !== undefined) this.renewTls(tls);
    this.#server.headersTimeout = headersTimeout;
    this.#server.keepAliveTimeout = keepAlive;
    this.#connections.most = settings.maxConnections;
    this.#proxies = trustedProxiesOf(settings);
    this.#stalls.reconfigure(settings.stall);
    this.#settings = { ...settings, tls: this.#settings.tls };
    this.#routes = routes;
  }

  /** Uses other certificates for new connections; open ones keep theirs. */
  renewTls(tls: TlsSettings): void {
    if (!(this.#server instanceof HttpsServer)) return;
    this.#server.setSecureContext(tlsOptionsOf(tls));
    if (haveAuthoritiesChanged(this.#settings.tls, tls)) this.#authoritiesSince = performance.now();
    this.#settings = { ...this.#settings, tls };
  }

  /** Accepts no more connections, lets running requests finish, and cuts off the rest after the grace period. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    for (const exchange of this.running()) exchange.onServerStop?.();
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

  /** Node considers a connection idle as soon as its response is written, so this must wait until all are sent. */
  #closeIdle(): void {
    this.#connections.closeSilent();
    if (!this.#connections.isSending) this.#server.closeIdleConnections();
  }

  #listenTo(server: Server, speaksTls: boolean): void {
    // Not by Node's own limit: a connection that a worker refuses that way returns to it again and again, if all are
    // full.
    server.on("connection", (socket: Socket) => this.#connections.admit(socket, speaksTls));
    server.on("secureConnection", (socket: Socket) => this.#connections.secured(socket));
    server.on("request", this.#take).on("checkContinue", this.#take).on("checkExpectation", this.#take);
    server.on("clientError", (error, socket: Socket) => this.#refusals.refuseBroken(error, socket));
    server.on("connect", (_, socket: Socket) => this.#refusals.refuse(connectRefusal, socket));
  }

  /** Lets a request run when it is its turn on its connection, unless its end is ambiguous. */
  readonly #take = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = this.#connections.of(request.socket);
    if (connection === undefined || connection.isOver) return;
    // The client was authenticated by authorities that may no longer count; it must connect again and show its
    // certificate.
    if (connection.openedAt < this.#authoritiesSince) {
      connection.destroy();
      return;
    }
    const refusal = refusalOfHead(request);
    if (refusal === undefined) connection.take(request, response);
    else this.#refusals.refuse(refusal, request.socket);
  };

  /** Begins to answer a request whose turn it is. */
  readonly #answer = (request: IncomingMessage, response: ServerResponse, connection: Connection): Exchange => {
    const peer = connection.caller;
    const proxies = this.#proxies?.include(peer) ? this.#proxies : undefined;
    const id = this.#ids.next(proxies && request.headers["x-request-id"]);
    const exchange = new Exchange({
      id,
      request,
      response,
      connection,
      caller: proxies?.clientOf(request, peer) ?? peer,
      log: this.#log,
      onOver: this.#onOver,
    });
    exchange.onDenied = this.#settings.onDenied;
    this.#stalls.watch(exchange);
    response.setHeader("X-Request-Id", id);
    // Content is pushed by users: a browser must not guess that it is a page.
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    if (this.#isStopping) response.setHeader("Connection", "close");
    try {
      this.#route(exchange);
    } catch (error) {
      respondWithError(exchange, error);
    }
    return exchange;
  };

  #route(exchange: Exchange): void {
    const { request, response, path } = exchange;
    const { cors, tls } = this.#settings;
    if (request.headers.expect !== undefined) answerExpectation(request, response);
    if (cors.origins.length > 0 && answerCors(exchange, cors)) return;
    if (!path.startsWith("/v2/") && answerHealth(exchange, this.#isStopping)) return;
    if (tls !== undefined) checkClientCertificate(request.socket, tls.clientAuth);
    this.#routes(exchange);
  }

  readonly #onOver = (exchange: Exchange): void => {
    if (this.#settings.logAccess) logAccess(exchange, this.#log);
    const { request } = exchange;
    if (request.complete || request.destroyed) this.#stalls.forget(exchange);
    else request.once("close", () => this.#stalls.forget(exchange));
    exchange.connection.answered(exchange);
    for (const observer of this.#observers) observer.ended(exchange);
  };
}

function trustedProxiesOf({ trustedProxies }: ServerSettings): TrustedProxies | undefined {
  return trustedProxies.length === 0 ? undefined : new TrustedProxies(trustedProxies);
}
