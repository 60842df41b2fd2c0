import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Admission } from "../auth/access-control.js";
import type { ClientCertificate } from "../auth/client-certificate.js";
import type { LogFields, Logger } from "../observability/logger.js";
import { type RequestTrail, traceIdOf } from "../oci/request-trail.js";
import type { Access } from "../registry/access.js";
import type { AccessRefusal } from "../registry/access-refusal.js";
import type { Caller, ClientRequest, Context } from "../registry/context.js";
import type { Served } from "../registry/repository.js";
import type { Connection } from "./connections/connection.js";
import type { Account } from "./limits/account.js";
import type { DenialListener } from "./recorded-denials.js";
import { originForm, usualTarget } from "./request-target.js";
import type { ResourceName } from "./router.js";
import { clientCertificateOf } from "./tls/shown-certificate.js";

/** The named parts of a route's path: a list of components for `*name`. */
export type PathParameters = Readonly<Record<string, string | string[] | undefined>>;

const noParameters: PathParameters = {};
const noMethods: readonly string[] = [];

/** The parts of an exchange. */
interface ExchangeParts {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
  /** The path before all others, if one is configured. */
  readonly prefix: string | undefined;
  readonly caller: Caller;
  readonly log: Logger;
  /** Called once, after all that was registered by `whenOver`. */
  readonly onOver: (exchange: Exchange) => void;
}

/** One request, its response, and what is known about both. */
export class Exchange implements Context {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
  readonly caller: Caller;
  /** What the client wrote before the path, if `server.prefix` is that; otherwise empty. */
  readonly prefix: string;
  /** Without the prefix and the query. */
  readonly path: string;
  readonly hasQuery: boolean;
  readonly startedAt = performance.now();
  parameters: PathParameters = noParameters;
  access: Access | undefined;
  /** What is known about the client; `undefined` without access control. */
  admission: Admission | undefined;
  /** How clients are asked for credentials, if some are needed; the same function for all. */
  challenge: ((exchange: Exchange, refusal: AccessRefusal | undefined) => string) | undefined;
  /** The resource of the path; `undefined` until the request is routed, and if there is no such resource. */
  resource: ResourceName | undefined;
  /** Where the content of the answer came from, if it has content. */
  served: Served | undefined;
  /** When the answer to a request for a blob began; its last byte may come much later. */
  begunAt: number | undefined;
  /** Called before a response 403, where denials are recorded. */
  onDenied: DenialListener | undefined;
  /** Called when the server stops, for an answer that would never end. */
  onServerStop: (() => void) | undefined;
  /** The methods that the resource supports. */
  knownMethods: readonly string[] = noMethods;
  /** The accounts of its client, if it is limited. */
  readonly accounts: Account[] = [];
  /** Bytes of content in the response. */
  sent = 0;
  #query: URLSearchParams | undefined;
  readonly #serverLog: Logger;
  #log: Logger | undefined;
  #controller: AbortController | undefined;
  readonly #endings: (() => void)[] = [];
  readonly #onOver: (exchange: Exchange) => void;
  #isOver = false;
  #isCut = false;

  constructor({ id, request, response, connection, prefix = "", caller, log, onOver }: ExchangeParts) {
    this.id = id;
    this.request = request;
    this.response = response;
    this.connection = connection;
    this.caller = caller;
    this.#serverLog = log;
    this.#onOver = onOver;
    const target = request.url || "/";
    const whole = usualTarget.test(target) ? target : originForm(target);
    this.prefix = whole.startsWith(`${prefix}/`) ? prefix : "";
    const url = whole.slice(this.prefix.length);
    const query = url.indexOf("?");
    request.url = url;
    this.hasQuery = query >= 0;
    this.path = this.hasQuery ? url.slice(0, query) : url;
    response.on("close", this.end);
    // The reader of the body reports the error; without a listener, it would end the process.
    request.on("error", ignore);
  }

  /** Every line has the id of the request, which the response carries as `X-Request-Id`. Created on first use. */
  get log(): Logger {
    this.#log ??= withId(this.#serverLog, { id: this.id, trace: this.traceId });
    return this.#log;
  }

  /** Aborted if the client disconnects before it has the whole response. Created on first use. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isCut) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Whether the client disconnected before it had the whole response. */
  get isCut(): boolean {
    return this.#isCut || (!this.#isOver && this.request.socket.destroyed);
  }

  /** The client certificate, if it was signed by an authority of `server.tls.clientCa`. */
  get certificate(): ClientCertificate | undefined {
    return clientCertificateOf(this.request.socket);
  }

  get client(): ClientRequest {
    const { method, headers } = this.request;
    return { method, host: headers.host, agent: headers["user-agent"] };
  }

  get trail(): RequestTrail | undefined {
    const { via, traceparent } = this.request.headers;
    if (via === undefined && traceparent === undefined) return undefined;
    return { via, ...(this.traceId !== undefined && { traceparent: this.header("traceparent") }) };
  }

  /** The id of the client's trace, if the request names one (W3C Trace Context). */
  get traceId(): string | undefined {
    return this.request.headers.traceparent === undefined ? undefined : traceIdOf(this.header("traceparent"));
  }

  /** RFC 9111, section 5.2.1.4, and what browsers and older clients send instead. */
  get noCache(): boolean {
    const { "cache-control": control, pragma } = this.request.headers;
    return /(?:^|[\s,])(?:no-cache|max-age=0)(?:$|[\s,])/i.test(control ?? "") || pragma === "no-cache";
  }

  /**
   * Some clients append `?digest=` to a Location that already has a query. Our values contain no question mark, so a
   * second one separates like an ampersand.
   */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.request.url?.slice(this.path.length + 1).replaceAll("?", "&"));
    return this.#query;
  }

  /** Runs the action once, when the response is sent or the client is gone. */
  whenOver(action: () => void): void {
    this.#endings.push(action);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /**
   * Called when the response is closed, and by the connection when that is: a response that waits behind another one
   * on its connection has no socket yet, and so no "close" of its own.
   */
  readonly end = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.response.writableFinished) {
      this.#isCut = true;
      this.#controller?.abort();
    }
    for (const action of this.#endings) action();
    this.#onOver(this);
  };
}

function ignore(): void {}

function withId(log: Logger, ids: LogFields): Logger {
  return {
    debug: (event, fields) => log.debug(event, { ...fields, ...ids }),
    info: (event, fields) => log.info(event, { ...fields, ...ids }),
    warn: (event, fields) => log.warn(event, { ...fields, ...ids }),
    error: (event, fields) => log.error(event, { ...fields, ...ids }),
  };
}

const wellFormedId = /^[\w.-]{1,64}$/;

/** Ids that tell requests apart in logs: created by this process, or given by a trusted proxy. */
export class RequestIds {
  readonly #prefix = randomBytes(4).toString("hex");
  #count = 0;

  next(given: string | string[] | undefined): string {
    if (typeof given === "string" && wellFormedId.test(given)) return given;
    return `${this.#prefix}-${(++this.#count).toString(36)}`;
  }
}
