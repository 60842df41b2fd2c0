import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Logger } from "../observability/logger.js";
import { Connections } from "./connections/connections.js";
import { Handshakes } from "./connections/handshakes.js";
import { connectRefusal } from "./connections/refusal.js";
import { Dispatcher, type RequestObserver } from "./dispatcher.js";
import type { Exchange } from "./exchange.js";
import { createNodeServer, isTlsServer } from "./node-server.js";
import type { Routes } from "./router.js";
import type { ServerSettings } from "./server-settings.js";
import { haveAuthoritiesChanged, type TlsSettings, tlsOptionsOf } from "./tls/tls-settings.js";

/** How often a stopping server looks for connections that wait for another request. */
const idleSweepMs = 50;

/** Listens, and passes each request to the current routes. */
export class RegistryServer {
  #settings: ServerSettings;
  readonly #log: Logger;
  readonly #server: Server;
  readonly #dispatcher: Dispatcher;
  readonly #connections: Connections;

  constructor(settings: ServerSettings, routes: Routes, log: Logger, observers: readonly RequestObserver[] = []) {
    this.#settings = settings;
    this.#log = log;
    this.#dispatcher = new Dispatcher(settings, routes, { log, observers, running: () => this.running() });
    this.#connections = new Connections(settings.maxConnections, this.#dispatcher.dispatch, log);
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
    this.#settings = { ...settings, tls: this.#settings.tls };
    this.#dispatcher.reconfigure(this.#settings, routes);
  }

  /** Uses other certificates for new connections; open ones keep theirs. */
  renewTls(tls: TlsSettings): void {
    if (!isTlsServer(this.#server)) return;
    this.#server.setSecureContext(tlsOptionsOf(tls));
    if (haveAuthoritiesChanged(this.#settings.tls, tls)) this.#connections.distrustOpen();
    this.#settings = { ...this.#settings, tls };
    this.#dispatcher.renewTls(tls);
  }

  /** Accepts no more connections, lets running requests finish, and cuts off the rest after the grace period. */
  async stop(graceMs: number): Promise<void> {
    this.#dispatcher.isStopping = true;
    for (const exchange of this.running()) exchange.onServerStop?.();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const sweep = setInterval(() => this.#closeIdle(), idleSweepMs);
    const timer = setTimeout(() => this.cut(), graceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(timer);
    this.#dispatcher.stop();
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
    const handshakes = speaksTls ? new Handshakes(server, this.#settings.headersTimeout) : undefined;
    // Not by Node's own limit: a connection that a worker refuses that way returns to it again and again, if all are
    // full.
    server.on("connection", (socket: Socket) => {
      this.#connections.admit(socket, speaksTls);
      handshakes?.arrived(socket);
    });
    server.on("secureConnection", (socket: Socket) => handshakes?.finished(this.#connections.secured(socket)));
    const { take, refusals } = this.#connections;
    server.on("request", take).on("checkContinue", take).on("checkExpectation", take);
    server.on("clientError", (error, socket: Socket) => refusals.refuseBroken(error, socket));
    server.on("connect", (_, socket: Socket) => refusals.refuse(connectRefusal, socket));
  }
}
