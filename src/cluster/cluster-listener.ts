import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { http } from "../foundation/node-http.js";
import type { Logger } from "../observability/logger.js";
import { isDigest, isDigestAlgorithm } from "../oci/digest.js";
import type { ClusterKeys } from "./cluster-keys.js";
import type { Offers } from "./offers.js";
import { type Answer, digestHeader, Gate, signAnswer, signatureHeader, sizeHeader } from "./signatures.js";

/** A few replicas read some dozens of blobs each. */
const maxConnections = 2_000;
const headersTimeoutMs = 10_000;
const maxHeaderSize = 4 * 1024;

/** Refusals are logged at most this often: anyone who can connect can cause one. */
const warnEachMs = 60_000;

export interface ListenerParts {
  readonly instance: string;
  readonly keys: ClusterKeys;
  readonly offers: Offers;
  readonly log: Logger;
}

/** An answer to a request of another replica, perhaps with a body that is still arriving. */
interface Reply extends Answer {
  readonly body?: AsyncIterable<Buffer>;
  /** Bytes of the body, if known. */
  readonly length?: number | undefined;
}

/**
 * Answers other replicas, on a port that clients never see. Paths are `/<instance>/alive`,
 * `/<instance>/blobs/<digest>/<position>` and `/<instance>/hashes/<upload>/<algorithm>/<size>/<time>`. A request
 * without a valid signature learns nothing.
 */
export class ClusterListener {
  readonly #parts: ListenerParts;
  readonly #gate: Gate;
  readonly #server: Server;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#gate = new Gate(parts.keys);
    const options = { headersTimeout: headersTimeoutMs, requestTimeout: headersTimeoutMs, maxHeaderSize };
    this.#server = http.createServer(options, (request, response) => void this.#serve(request, response));
    this.#server.maxConnections = maxConnections;
  }

  /** @returns the port @throws if the address or the port is not available */
  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<number> {
    // Each worker has a port of its own: what it downloads, the others do not know.
    this.#server.listen({ ...(host !== "::" && { host }), port, exclusive: true });
    await once(this.#server, "listening");
    this.#server.on("error", (cause) =>
      this.#parts.log.error("a connection of another replica could not be accepted", { cause }),
    );
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const leaving = new AbortController();
    response.on("close", () => leaving.abort());
    try {
      const { url = "", headers } = request;
      const refusal = request.method === "GET" ? this.#gate.refusalOf(url, headers) : "it is not signed";
      if (refusal !== undefined) return this.#refuse(request, response, refusal);
      await send(response, await this.#replyTo(url, leaving.signal), {
        ...this.#parts,
        request: String(headers[signatureHeader]),
      });
    } catch (error) {
      // An answer that has begun is cut off, which the other replica notices.
      if (!leaving.signal.aborted) this.#parts.log.debug("an answer to another replica broke off", { error });
      response.destroy();
    }
  }

  /** A stranger is not told why. */
  #refuse({ socket }: IncomingMessage, response: ServerResponse, reason: string): void {
    if (performance.now() - this.#warnedAt > warnEachMs) {
      this.#warnedAt = performance.now();
      this.#parts.log.warn(
        "a request to the port of replicas was refused; replicas need the same key and right clocks",
        {
          from: socket.remoteAddress,
          reason,
        },
      );
    }
    response.writeHead(401, { "Content-Length": 0, Connection: "close" }).end();
  }

  async #replyTo(path: string, signal: AbortSignal): Promise<Reply> {
    const [, instance, kind, ...rest] = path.split("/");
    // Another process has taken over the address of the one that is asked.
    if (instance !== this.#parts.instance) return { status: 410 };
    if (kind === "alive" && rest.length === 0) return { status: 204 };
    if (kind === "hashes") return this.#hashReply(rest);
    if (kind === "blobs" && rest.length === 2) return this.#blobReply(rest[0] ?? "", rest[1] ?? "", signal);
    return { status: 404 };
  }

  #hashReply([upload = "", algorithm = "", size, modifiedMs, ...more]: readonly string[]): Reply {
    if (more.length > 0 || !isDigestAlgorithm(algorithm)) return { status: 404 };
    const bytes = { upload, algorithm, size: Number(size), modifiedMs: Number(modifiedMs) };
    const digest = this.#parts.offers.findHash(bytes);
    return digest === undefined ? { status: 404 } : { status: 204, digest };
  }

  async #blobReply(digest: string, from: string, signal: AbortSignal): Promise<Reply> {
    const blob = isDigest(digest) ? this.#parts.offers.growing(digest) : undefined;
    if (blob === undefined || !/^\d{1,15}$/.test(from)) return { status: 404 };
    const position = Number(from);
    try {
      await blob.untilArriving(signal);
    } catch {
      // Why the upstream refuses, the other replica finds out itself.
      return { status: 502 };
    }
    const { size } = blob;
    if (size !== undefined && position > size) return { status: 404 };
    return { status: 200, size, length: size && size - position, body: blob.from(position, signal) };
  }
}

async function send(
  response: ServerResponse,
  { status, size, digest, body, length }: Reply,
  { keys, request }: { readonly keys: ClusterKeys; readonly request: string },
): Promise<void> {
  response.writeHead(status, {
    [signatureHeader]: signAnswer(keys, request, { status, size, digest }),
    ...(size !== undefined && { [sizeHeader]: size }),
    ...(digest !== undefined && { [digestHeader]: digest }),
    ...(length !== undefined && { "Content-Length": length }),
    ...(body === undefined && { "Content-Length": 0 }),
  });
  response.flushHeaders();
  for await (const piece of body ?? []) if (!response.write(piece)) await drained(response);
  response.end();
}

/** @throws if the connection is closed before */
async function drained(response: ServerResponse): Promise<void> {
  const closed = new AbortController();
  const close = () => closed.abort();
  response.once("close", close);
  try {
    await once(response, "drain", { signal: closed.signal });
  } finally {
    response.off("close", close);
  }
}
