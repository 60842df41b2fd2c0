import type { OutgoingHttpHeaders } from "node:http";
import type { ResolvedBlob } from "../../registry/repository.js";
import { requestedSpan } from "../blob-range.js";
import type { Exchange } from "../exchange.js";
import { digestOfPath, nameOf, namespaceOf, pulledRepository } from "../parameters.js";
import { addCacheHeaders, endSoon, isKnownToClient, sendEmpty } from "../send.js";
import { type Span, sendBlob } from "../send-blob.js";
import type { Handler, HandlerDependencies } from "./handler.js";

export function headBlob({ registry }: HandlerDependencies): Handler {
  return async function headBlob(exchange) {
    const digest = digestOfPath(exchange);
    const repository = await pulledRepository(registry, exchange);
    const blob = await repository.statBlob(digest, exchange);
    if (isKnownToClient(exchange, etagOf(digest))) return sendEmpty(exchange, 304, headersOf(blob));
    begin(exchange, blob, undefined);
    endSoon(exchange);
  };
}

export function getBlob({ registry, pool }: HandlerDependencies): Handler {
  return async function getBlob(exchange) {
    const digest = digestOfPath(exchange);
    const repository = await pulledRepository(registry, exchange);
    if (isKnownToClient(exchange, etagOf(digest))) {
      return sendEmpty(exchange, 304, headersOf(await repository.statBlob(digest, exchange)));
    }
    const blob = await repository.openBlob(digest, exchange);
    try {
      const span = isSizeKnown(blob) ? requestedSpan(exchange, blob.size, etagOf(digest)) : undefined;
      begin(exchange, blob, span);
      await sendBlob(exchange, blob.reader, span ?? { start: 0, end: blob.size }, pool);
    } finally {
      await blob.reader.close();
    }
  };
}

export function deleteBlob({ registry }: HandlerDependencies): Handler {
  return async function deleteBlob(exchange) {
    const digest = digestOfPath(exchange);
    const repository = await registry.push(nameOf(exchange), namespaceOf(exchange), exchange, "delete");
    await repository.deleteBlob(digest, exchange);
    sendEmpty(exchange, 202);
  };
}

/** Where nobody knows how long the blob is, it goes out chunked, and as a whole: a part has no place in it yet. */
function begin(exchange: Exchange, blob: ResolvedBlob, span: Span | undefined): void {
  const headers = headersOf(blob);
  const { start, end } = span ?? { start: 0, end: blob.size };
  if (isSizeKnown(blob)) headers["Content-Length"] = end - start;
  else headers["Accept-Ranges"] = "none";
  if (span !== undefined) headers["Content-Range"] = `bytes ${start}-${end - 1}/${blob.size}`;
  exchange.response.writeHead(span === undefined ? 200 : 206, headers);
}

function isSizeKnown({ size }: ResolvedBlob): boolean {
  return Number.isFinite(size);
}

function headersOf(blob: ResolvedBlob): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": blob.digest,
    ETag: etagOf(blob.digest),
    "Accept-Ranges": "bytes",
    // What a digest names never changes.
    "Cache-Control": "max-age=31536000, immutable",
  };
  if (blob.served.from !== "storage") addCacheHeaders(headers, blob.served);
  return headers;
}

function etagOf(digest: string): string {
  return `"${digest}"`;
}
