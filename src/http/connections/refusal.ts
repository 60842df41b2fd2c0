import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** What is no request that can be answered as one: it is told so, and its connection is closed. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/** What node says of a connection on which something is wrong. */
export type ConnectionError = Error & { readonly code?: string; readonly reason?: string };

const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: 431, message: "the headers are larger than server.maxHeaderSize allows" },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, message: "the chunk extensions are too large" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: "the headers did not arrive within server.headersTimeout" },
};

export const plainHttpRefusal: Refusal = {
  status: 400,
  message: "this port speaks HTTPS, and the request came without TLS: use https:// in its address",
};

/** What OpenSSL finds where TLS should begin: a request it knows, one to a proxy, or anything else that is no TLS. */
const plainHttpErrors: readonly string[] = [
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_HTTPS_PROXY_REQUEST",
  "ERR_SSL_WRONG_VERSION_NUMBER",
];

/** A client gets this long to read its answer and to close; one that does neither is cut off. */
const lingerMs = 2_000;

/** A connection that was reset, or on which TLS failed, has no HTTP answer to read. */
export function isAnswerable({ code = "" }: ConnectionError): boolean {
  return code.startsWith("HPE_") || code in refusals;
}

/** Whether a request came to a port of HTTPS that is one of HTTP. */
export function isPlainHttp({ code = "" }: ConnectionError): boolean {
  return plainHttpErrors.includes(code);
}

export function refusalOf({ code = "", reason, message }: ConnectionError): Refusal {
  return refusals[code] ?? { status: 400, message: `this is not valid HTTP: ${reason ?? message}` };
}

/**
 * Answers with a refusal and closes. Not at once: where bytes of the client lie unread, the system resets the
 * connection, and the client may never see the answer.
 */
export function refuse(socket: Duplex, { status, message }: Refusal): void {
  const body = JSON.stringify({ errors: [{ code: "UNSUPPORTED", message }] });
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
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
