import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { RequestOptions } from "node:https";
import axios from "axios";
import { http, https } from "../../foundation/node-http.js";
import type { Deadline } from "../limits/deadline.js";
import type { Audience, Connection, Connections } from "./connections.js";
import { repairHead } from "./head-repair.js";
import { type MinimumSpeed, ResponseBody } from "./response-body.js";
import { refuseTinyPieces } from "./tiny-pieces.js";
import { Watch } from "./watch.js";
import { InvalidAnswerError } from "./wire-errors.js";

export interface WireRequest {
  readonly method: "GET" | "HEAD" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly authorization?: string | undefined;
  readonly body?: string | Buffer;
  readonly audience: Audience;
  /** From the connection to the response headers, if different from other requests. */
  readonly firstByteMs?: number | undefined;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The URL of the response. */
  readonly url: URL;
  /** Must be read, discarded or closed. */
  readonly body: ResponseBody;
}

/** An upstream behind several proxies sends more than the 16 KiB that Node accepts; Go programs accept far more too. */
const maxHeaderBytes = 1024 * 1024;
/**
 * Lines that end with LF only, or a length together with chunks: other clients of registries accept them. Content of
 * another response, which they could smuggle in, has another digest; and no two upstreams share a connection.
 */
const lenientParser = { maxHeaderSize: maxHeaderBytes, insecureHTTPParser: true };

interface WireOptions {
  readonly connections: Connections;
  readonly userAgent: string;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly minimumSpeed: MinimumSpeed;
}

/** Sends single requests and returns their responses as they are: no redirects, no decoding, no retries. */
export class Wire {
  readonly #options: WireOptions;

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** Rejects with the caller's reason, a TimedOutError, an InvalidAnswerError, or an error of Node. */
  async exchange(request: WireRequest, deadline: Deadline): Promise<WireAnswer> {
    const watch = new Watch(deadline);
    try {
      watch.expect("connection", this.#options.connectTimeoutMs);
      const connection = await watch.until(this.#options.connections.to(request.url, request.audience));
      const message = await this.#send(request, connection, watch);
      watch.relax();
      const body = new ResponseBody(message, watch, this.#options.minimumSpeed);
      return { status: message.statusCode ?? 0, headers: message.headers, url: request.url, body };
    } catch (error) {
      watch.end();
      throw watch.reasonOf(error);
    }
  }

  async #send(request: WireRequest, connection: Connection, watch: Watch): Promise<IncomingMessage> {
    const { url, method, body } = request;
    const headers = { "User-Agent": this.#options.userAgent, "Accept-Encoding": "identity", ...request.headers };
    try {
      const response = await axios.request<IncomingMessage>({
        url: url.href,
        method,
        headers: request.authorization ? { ...headers, Authorization: request.authorization } : headers,
        ...(body !== undefined && { data: body }),
        proxy: connection.forwardProxy ?? false,
        transport: { request: this.#transport(request, connection.options, watch) },
        signal: watch.signal,
        responseType: "stream",
        decompress: false,
        maxRedirects: 0,
        validateStatus: () => true,
      });
      return response.data;
    } catch (error) {
      // An AxiosError contains the request with its Authorization: only the cause is passed on.
      throw axios.isAxiosError(error) ? (error.cause ?? new Error(error.message)) : error;
    }
  }

  /** Hands axios' request to Node over our connection, and tells the watch when that is established. */
  #transport(
    { firstByteMs = this.#options.firstByteTimeoutMs }: WireRequest,
    connection: RequestOptions,
    watch: Watch,
  ) {
    return (options: RequestOptions, onResponse: (message: IncomingMessage) => void): ClientRequest => {
      const send = options.protocol === "https:" ? https().request : http.request;
      const request = send({ ...options, ...connection, ...lenientParser }, (message) => {
        refuseTinyPieces(message);
        onResponse(message);
      });
      // Their size is limited; Node would silently drop headers after the first 2,000.
      request.maxHeadersCount = 0;
      repairHead(request);
      refuseEndlessHeads(request);
      refuseOtherProtocols(request);
      const onConnected = () => watch.expect("answer", firstByteMs);
      request.once("socket", (socket) => {
        if (request.reusedSocket) onConnected();
        else if ("encrypted" in socket) socket.once("secureConnect", onConnected);
        else if (socket.connecting) socket.once("connect", onConnected);
        else onConnected();
      });
      request.once("proxyConnect", ({ statusCode }: { statusCode: number }) => {
        if (statusCode !== 200) request.destroy(new Error(`the egress proxy answered ${statusCode}`));
      });
      return request;
    };
  }
}

/** Servers send one or two, such as early hints. */
const mostInterimResponses = 100;

/** An upstream that sends interim responses without end would keep the event loop busy until the response is late. */
function refuseEndlessHeads(request: ClientRequest): void {
  let count = 0;
  request.on("information", () => {
    if (++count > mostInterimResponses) request.destroy(new InvalidAnswerError("its interim responses do not end"));
  });
}

/** Berth never asks for another protocol (RFC 9110, section 15.2.2). */
function refuseOtherProtocols(request: ClientRequest): void {
  request.on("upgrade", (_, socket) => {
    socket.destroy();
    // Node has already marked the request as destroyed, so destroying it would tell nobody.
    request.emit("error", new InvalidAnswerError("it answers 101, and switches to another protocol"));
  });
}
