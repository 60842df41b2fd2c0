import type { Socket } from "node:net";
import { http } from "../../foundation/node-http.js";
import type { Logger } from "../../observability/logger.js";
import { networkOf } from "../client-address.js";
import type { Connections } from "./connections.js";

/** The response to something that is not a valid request; its connection is then closed. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** Node's error for a connection on which something is wrong. */
type ConnectionError = Error & { readonly code?: string; readonly reason?: string; readonly rawPacket?: Buffer };

const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: "the headers are larger than server.maxHeaderSize allows" },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, message: "the chunk extensions are too large" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: "the headers did not arrive within server.headersTimeout" },
};

export const connectRefusal: Refusal = { status: 405, message: "this is not a proxy" };

const plainHttpRefusal: Refusal = {
  status: 400,
  message: "this port speaks HTTPS, and the request came without TLS: use https:// in its address",
};

const tlsRefusal: Refusal = {
  status: 400,
  message:
    "the client speaks TLS, but this port serves plain HTTP: set server.tls, or let the client use http:// " +
    "(Docker: insecure-registries in daemon.json)",
};

/** The first byte of a TLS handshake (RFC 8446, section 5.1); no HTTP request begins with it. */
const tlsHandshake = 0x16;

/** OpenSSL's errors if TLS should begin, and plain HTTP, a proxy request, or anything else arrives. */
const plainHttpErrors: readonly string[] = [
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_HTTPS_PROXY_REQUEST",
  "ERR_SSL_WRONG_VERSION_NUMBER",
];

/** The time for a client to read the response and close; after it, the connection is cut. */
const lingerMs = 2_000;

/** Refuses what is not a valid request, and closes its connection. */
export class Refusals {
  readonly #connections: Connections;
  readonly #log: Logger;

  constructor(connections: Connections, log: Logger) {
    this.#connections = connections;
    this.#log = log;
  }

  /** For what Node finds on a connection that is not a request, or not HTTP at all. */
  refuseBroken(error: ConnectionError, socket: Socket): void {
    const withoutTls = isPlainHttp(error) ? this.#connections.beforeTls(socket) : undefined;
    if (withoutTls !== undefined) {
      // On the connection below TLS: a client that does not speak it could not read the answer otherwise.
      this.#log.info("request refused", { client: withoutTls.caller.network, ...plainHttpRefusal });
      sendRefusal(withoutTls.socket, plainHttpRefusal);
    } else if (isAnswerable(error)) this.refuse(refusalOf(error), socket, error.code);
    else {
      this.#log.debug("connection broken off", { client: networkOf(socket.remoteAddress ?? ""), cause: error });
      socket.destroy();
    }
  }

  /** Never writes into a response that has begun: the client would take it for content. */
  refuse(refusal: Refusal, socket: Socket, code?: string): void {
    const connection = this.#connections.of(socket);
    if (connection === undefined || connection.isOver) return;
    connection.isOver = true;
    // What follows the last request of a connection is ignored, and does not disturb its answer (RFC 9112, section
    // 9.6).
    if (code === "HPE_CLOSED_CONNECTION") return;
    this.#log.info("request refused", { client: connection.caller.network, code, ...refusal });
    if (connection.refuse() && socket.writable) sendRefusal(socket, refusal);
    else socket.destroy();
  }
}

/** A connection that was reset, or on which TLS failed, has no HTTP answer to read. */
function isAnswerable({ code = "" }: ConnectionError): boolean {
  return code.startsWith("HPE_") || code in refusals;
}

/** Whether a plain HTTP request came to an HTTPS port. */
function isPlainHttp({ code = "" }: ConnectionError): boolean {
  return plainHttpErrors.includes(code);
}

function refusalOf({ code = "", reason, message, rawPacket }: ConnectionError): Refusal {
  if (code === "HPE_INVALID_METHOD" && rawPacket?.[0] === tlsHandshake) return tlsRefusal;
  return refusals[code] ?? { status: 400, message: `this is not valid HTTP: ${reason ?? message}` };
}

/**
 * Sends the refusal, and closes the connection, but not at once: if there are unread bytes of the client, the system
 * resets the connection, and the client may never see the response.
 */
function sendRefusal(socket: Socket, { status, message }: Refusal): void {
  const body = JSON.stringify({ errors: [{ code: "UNSUPPORTED", message }] });
  socket.end(
    [
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}`,
      "Connection: close",
      "Docker-Distribution-Api-Version: registry/2.0",
      "X-Content-Type-Options: nosniff",
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(body)}`,
      "",
      body,
    ].join("\r\n"),
  );
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once("close", () => clearTimeout(timer));
}
