import { type ClientRequest, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

export interface RequestOptions {
  readonly headers?: OutgoingHttpHeaders;
  /** Bytes are sent with `Content-Length`; a stream is sent chunked unless the headers give its length. */
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

/** A response whose body has not been read. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Names and values alternating, as received. */
  readonly rawHeaders: readonly string[];
  readonly stream: IncomingMessage;
}

export interface Answer extends OpenAnswer {
  readonly body: Buffer;
}

/** A request whose body is sent piece by piece, and which may be cut off. */
export interface RunningRequest {
  /** Resolves when the kernel has the piece. */
  send(bytes: Uint8Array): Promise<void>;
  /** Ends the body and waits for the response. */
  end(): Promise<Answer>;
  /** Closes the connection in the middle, as a lost network does. */
  cut(): void;
  readonly answer: Promise<Answer>;
}

/** Plain HTTP/1.1: one connection per request, no redirects, no decoding, paths sent as written. */
export class RegistryClient {
  readonly #base: URL;
  readonly #headers: OutgoingHttpHeaders;

  /**
   * @param base such as `http://127.0.0.1:5000`
   * @param headers of every request
   */
  constructor(base: string, headers: OutgoingHttpHeaders = {}) {
    this.#base = new URL(base);
    this.#headers = headers;
  }

  /** The same, with headers in every request, such as those of a login. */
  with(headers: OutgoingHttpHeaders): RegistryClient {
    return new RegistryClient(this.#base.href, headers);
  }

  /** Sends a request and reads the whole response. */
  async request(method: string, target: string, options: RequestOptions = {}): Promise<Answer> {
    return read(await this.open(method, target, options));
  }

  get(target: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.request("GET", target, { headers });
  }

  head(target: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.request("HEAD", target, { headers });
  }

  /** Sends a request and leaves the body of the response to the caller, who reads or destroys its stream. */
  async open(method: string, target: string, options: RequestOptions = {}): Promise<OpenAnswer> {
    const { body } = options;
    const bytes = typeof body === "string" || body instanceof Uint8Array ? Buffer.from(body) : undefined;
    const length = bytes ? { "content-length": bytes.length } : {};
    const request = this.#send(method, target, { ...length, ...options.headers }, options.signal);
    const answer = answerOf(request);
    if (body === undefined || bytes) {
      request.end(bytes);
    } else {
      // If the server responds early and closes, the response counts, not the broken body.
      pipeline(Readable.from(body, { objectMode: false }), request).catch(() => {});
    }
    return answer;
  }

  /** Starts a request whose body the caller sends. */
  start(method: string, target: string, headers: OutgoingHttpHeaders = {}): RunningRequest {
    const request = this.#send(method, target, headers, undefined);
    const answer = answerOf(request).then(read);
    // The caller may cut the connection and never look at the response.
    answer.catch(() => {});
    request.flushHeaders();
    return {
      answer,
      send: (bytes) =>
        new Promise((resolve, reject) => request.write(bytes, (error) => (error ? reject(error) : resolve()))),
      end: () => {
        request.end();
        return answer;
      },
      cut: () => {
        request.destroy();
      },
    };
  }

  #send(method: string, target: string, headers: OutgoingHttpHeaders, signal: AbortSignal | undefined): ClientRequest {
    const isPath = target.startsWith("/");
    const url = isPath ? this.#base : new URL(target);
    const path = isPath ? target : url.pathname + url.search;
    const { hostname, port } = url;
    return httpRequest({
      method,
      hostname,
      port,
      path,
      headers: { ...this.#headers, ...headers },
      agent: false,
      ...(signal && { signal }),
    });
  }
}

/** The response's Location, as a target for the next request; throws if there is none. */
export function locationOf(answer: OpenAnswer, query = ""): string {
  const { location } = answer.headers;
  if (location === undefined) throw new Error(`status ${answer.status} without Location`);
  if (query === "") return location;
  return location + (location.includes("?") ? "&" : "?") + query;
}

/** The code of the first error in a response's body. */
export function errorCodeOf(answer: Answer): string | undefined {
  return JSON.parse(answer.body.toString()).errors?.[0]?.code;
}

function answerOf(request: ClientRequest): Promise<OpenAnswer> {
  return new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (stream: IncomingMessage) => {
      const headers = Object.fromEntries(
        Object.entries(stream.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
      );
      resolve({ status: stream.statusCode ?? 0, headers, rawHeaders: stream.rawHeaders, stream });
      // A failure from here on fails the reading of the body.
      request.on("error", () => {});
    });
  });
}

async function read(answer: OpenAnswer): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer.stream) chunks.push(chunk);
  return { ...answer, body: Buffer.concat(chunks) };
}
