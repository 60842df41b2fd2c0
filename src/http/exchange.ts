import type { IncomingMessage, ServerResponse } from "node:http";
import type { Admission } from "../auth/access-control.js";
import type { ClientCertificate } from "../auth/client-certificate.js";
import type { Logger } from "../observability/logger.js";
import type { Access } from "../registry/access.js";
import type { AccessRefusal } from "../registry/access-refusal.js";
import type { Caller, Context } from "../registry/context.js";
import { requestLog } from "./request-log.js";
import { clientCertificateOf } from "./tls/shown-certificate.js";

/** What stands in a path where the route has a name: a list of components for `*name`. */
export type PathParameters = Readonly<Record<string, string | string[] | undefined>>;

const noParameters: PathParameters = {};
const noMethods: readonly string[] = [];

/** One request, its answer, and what is known of both. */
export class Exchange implements Context {
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly caller: Caller;
  readonly startedAt = performance.now();
  parameters: PathParameters = noParameters;
  access: Access | undefined;
  /** What is known of the client; `undefined` where everybody may do everything. */
  admission: Admission | undefined;
  /** How the client is asked for credentials, where some are needed. */
  challenge: ((refusal: AccessRefusal | undefined) => string) | undefined;
  /** What may be asked of the resource that the path names. */
  knownMethods: readonly string[] = noMethods;
  /** Bytes of content that the answer holds. */
  sent = 0;
  #query: URLSearchParams | undefined;
  readonly #serverLog: Logger;
  #log: Logger | undefined;
  #controller: AbortController | undefined;
  readonly #endings: (() => void)[] = [];
  #isOver = false;
  #isCut = false;

  constructor(id: string, request: IncomingMessage, response: ServerResponse, caller: Caller, log: Logger) {
    this.id = id;
    this.request = request;
    this.response = response;
    this.caller = caller;
    this.#serverLog = log;
    response.on("close", () => this.#end());
    request.on("close", () => this.#endWithSocket());
    // The reason is told where the body is read; without a listener it would end the process.
    request.on("error", () => {});
  }

  /** Its lines say the id of the request. Made only for those who log. */
  get log(): Logger {
    this.#log ??= requestLog(this.#serverLog, this.id);
    return this.#log;
  }

  /** Aborted when the client is gone before it has the whole answer. Made only for those who ask. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isCut) this.#controller.abort();
    return this.#controller.signal;
  }

  /** Whether the client went before it had the whole answer. */
  get isCut(): boolean {
    return this.#isCut || (!this.#isOver && this.request.socket.destroyed);
  }

  /** The certificate that the client has shown, if an authority of `server.tls.clientCa` has signed it. */
  get certificate(): ClientCertificate | undefined {
    return clientCertificateOf(this.request.socket);
  }

  get via(): string | undefined {
    return this.header("via");
  }

  /** RFC 9111, section 5.2.1.4, and what browsers and older clients send for it. */
  get noCache(): boolean {
    const { "cache-control": control, pragma } = this.request.headers;
    return /(?:^|[\s,])(?:no-cache|max-age=0)(?:$|[\s,])/i.test(control ?? "") || pragma === "no-cache";
  }

  /** The path, without the query. */
  get path(): string {
    const url = this.request.url ?? "";
    const end = url.indexOf("?");
    return end < 0 ? url : url.slice(0, end);
  }

  /**
   * Some clients append `?digest=` to a Location that has a query already. No value of ours has a question mark, so a
   * further one parts like an ampersand.
   */
  get query(): URLSearchParams {
    if (this.#query === undefined) {
      const url = this.request.url ?? "";
      const start = url.indexOf("?");
      this.#query = new URLSearchParams(start < 0 ? "" : url.slice(start + 1).replaceAll("?", "&"));
    }
    return this.#query;
  }

  /** Has the action run once, when the answer is through or the client is gone. */
  whenOver(action: () => void): void {
    this.#endings.push(action);
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** An answer that waits behind another one on its connection has no socket yet, and so no "close" of its own. */
  #endWithSocket(): void {
    const { socket } = this.request;
    if (socket.destroyed) this.#end();
    if (this.#isOver) return;
    const end = () => this.#end();
    socket.once("close", end);
    this.whenOver(() => socket.off("close", end));
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.response.writableFinished) {
      this.#isCut = true;
      this.#controller?.abort();
    }
    for (const action of this.#endings) action();
  }
}
