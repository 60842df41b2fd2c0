import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "../observability/logger.js";
import { logAccess } from "./access-log.js";
import { TrustedProxies } from "./client-address.js";
import type { Connection } from "./connections/connection.js";
import { answerExpectation } from "./connections/request-head.js";
import { answerCors } from "./cors.js";
import { respondWithError } from "./error-response.js";
import { Exchange, RequestIds } from "./exchange.js";
import { answerHealth } from "./health.js";
import type { Routes } from "./router.js";
import type { ServerSettings } from "./server-settings.js";
import { StallWatch } from "./stall-watch.js";
import { checkClientCertificate } from "./tls/shown-certificate.js";
import type { TlsSettings } from "./tls/tls-settings.js";

/** Notified of each request, of any kind, when its answer is complete or the client has disconnected. */
export interface RequestObserver {
  ended(exchange: Exchange): void;
}

interface DispatcherParts {
  readonly log: Logger;
  readonly observers: readonly RequestObserver[];
  /** Exchanges that are not over. */
  readonly running: () => Iterable<Exchange>;
}

/** Makes an exchange of each request whose turn it is, and passes it to the current routes. */
export class Dispatcher {
  /** Tells clients that their connection will be closed, and probes that no more requests should come. */
  isStopping = false;
  #settings: ServerSettings;
  #routes: Routes;
  readonly #log: Logger;
  readonly #observers: readonly RequestObserver[];
  /** `undefined` if there are none. */
  #proxies: TrustedProxies | undefined;
  readonly #ids = new RequestIds();
  readonly #stalls: StallWatch;

  constructor(settings: ServerSettings, routes: Routes, { log, observers, running }: DispatcherParts) {
    this.#settings = settings;
    this.#routes = routes;
    this.#log = log;
    this.#observers = observers;
    this.#proxies = trustedProxiesOf(settings);
    this.#stalls = new StallWatch(settings.stall, running);
  }

  /** For new requests; running ones are not affected. */
  reconfigure(settings: ServerSettings, routes: Routes): void {
    this.#settings = settings;
    this.#routes = routes;
    this.#proxies = trustedProxiesOf(settings);
    this.#stalls.reconfigure(settings.stall);
  }

  renewTls(tls: TlsSettings): void {
    this.#settings = { ...this.#settings, tls };
  }

  /** Ends the watch for stalled transfers. */
  stop(): void {
    this.#stalls.stop();
  }

  /** Begins to answer a request. */
  readonly dispatch = (request: IncomingMessage, response: ServerResponse, connection: Connection): Exchange => {
    const peer = connection.caller;
    const proxies = this.#proxies?.include(peer) ? this.#proxies : undefined;
    const id = this.#ids.next(proxies && request.headers["x-request-id"]);
    const exchange = new Exchange({
      id,
      request,
      response,
      connection,
      prefix: this.#settings.prefix,
      caller: proxies?.clientOf(request, peer) ?? peer,
      log: this.#log,
      onOver: this.#onOver,
    });
    exchange.onDenied = this.#settings.onDenied;
    response.setHeader("X-Request-Id", id);
    // Content is pushed by users: a browser must not guess that it is a page.
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    if (this.isStopping) response.setHeader("Connection", "close");
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
    if (!path.startsWith("/v2/") && answerHealth(exchange, this.isStopping)) return;
    if (tls !== undefined) checkClientCertificate(request.socket, tls.clientAuth);
    this.#routes(exchange);
  }

  readonly #onOver = (exchange: Exchange): void => {
    if (this.#settings.logAccess) logAccess(exchange, this.#log);
    const { request } = exchange;
    if (!request.complete && !request.destroyed) this.#stalls.watchRest(exchange);
    exchange.connection.answered(exchange);
    for (const observer of this.#observers) observer.ended(exchange);
  };
}

function trustedProxiesOf({ trustedProxies }: ServerSettings): TrustedProxies | undefined {
  return trustedProxies.length === 0 ? undefined : new TrustedProxies(trustedProxies);
}
