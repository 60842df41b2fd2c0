import type { OutgoingHttpHeaders } from "node:http";
import type { ResolvedBlob } from "../../registry/repository.js";
import type { Span } from "../../registry/span-reader.js";
import { requestedSpan } from "../blob-range.js";
import type { Exchange } from "../exchange.js";
import { digestOfPath, nameOf, namespaceOf, pulledRepository } from "../parameters.js";
import { addCacheHeaders, endSoon, isKnownToClient, sendEmpty } from "../send.js";
import { sendBlob } from "../send-blob.js";
import type { Handler, HandlerDependencies } from "./handler.js";

export function headBlob({ registry }: HandlerDependencies): Handler {
  return async function headBlob(exchange) {
    const digest = digestOfPath(exchange);
    const repository = await pulledRepository(registry, exchange);
    const blob = await repository.statBlob(digest, exchange);
    exchange.served = blob.served;
    if (isKnownToClient(exchange, etagOf(digest))) return sendEmpty(exchange, 304, headersOf(blob));
    begin(exchange, blob, undefined);
    endSoon(exchange);
  };
}

export function getBlob({ registry, pool, redirect }: HandlerDependencies): Handler {
  return async function getBlob(exchange) {
    const digest = digestOfPath(exchange);
    const repository = await pulledRepository(registry, exchange);
    if (isKnownToClient(exchange, etagOf(digest))) {
      return sendEmpty(exchange, 304, headersOf(await repository.statBlob(digest, exchange)));
    }
    // A blob of unknown size is sent whole: a part cannot be located in it yet.
    const wanted = (size: number) =>
      Number.isFinite(size) ? requestedSpan(exchange, size, etagOf(digest)) : undefined;
    const blob = await repository.openBlob(digest, wanted, exchange);
    exchange.served = blob.served;
    try {
      const address = await redirect?.addressFor(exchange, nameOf(exchange), blob);
      if (address !== undefined) return sendElsewhere(exchange, blob, address);
      begin(exchange, blob, blob.content.span);
      await sendBlob(exchange, blob.content, pool);
    } finally {
      await blob.content.close();
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

/** The client repeats its request there, with its Range (RFC 9110, section 15.4.8). */
function sendElsewhere(exchange: Exchange, { digest }: ResolvedBlob, address: string): void {
  // Anyone with the address can read the blob: no cache in between may store it.
  const headers = { Location: address, "Docker-Content-Digest": digest, "Cache-Control": "no-store" };
  sendEmpty(exchange, 307, headers);
}

/** A blob of unknown size is sent chunked. */
function begin(exchange: Exchange, blob: ResolvedBlob, span: Span | undefined): void {
  const headers = headersOf(blob);
  const { start, end } = span ?? { start: 0, end: blob.size };
  if (Number.isFinite(blob.size)) headers["Content-Length"] = end - start;
  else headers["Accept-Ranges"] = "none";
  if (span !== undefined) headers["Content-Range"] = `bytes ${start}-${end - 1}/${blob.size}`;
  exchange.response.writeHead(span === undefined ? 200 : 206, headers);
  exchange.begunAt = performance.now();
}

function headersOf(blob: ResolvedBlob): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": blob.digest,
    ETag: etagOf(blob.digest),
    "Accept-Ranges": "bytes",
    // A digest always names the same content.
    "Cache-Control": "max-age=31536000, immutable",
  };
  if (blob.served.from !== "storage") addCacheHeaders(headers, blob.served);
  return headers;
}

function etagOf(digest: string): string {
  return `"${digest}"`;
}
