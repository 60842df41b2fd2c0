import type { IncomingHttpHeaders } from "node:http";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";

/** A way in which a body may be compressed (RFC 9110, "Content Codings"). */
export type ContentCoding = "gzip" | "deflate" | "br" | "zstd";

/**
 * All others change nothing: `identity`, `aws-chunked` (S3 keeps it of an upload, and sends the object as it is), and
 * what servers make up, such as `none` or `utf-8`. The digest tells whether that is true.
 */
const codings = new Map<string, ContentCoding>([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

/** Nobody compresses so often; more would be a way to make us work. */
const mostCodings = 2;

/** How an answer says that its body is compressed, in the order in which that was done; empty if it is not. */
export function contentCodingsOf(headers: IncomingHttpHeaders): readonly ContentCoding[] {
  const names = (headers["content-encoding"] ?? "").toLowerCase().split(",");
  const found = names.map((name) => codings.get(name.trim())).filter((coding) => coding !== undefined);
  return found.length <= mostCodings ? found : [];
}

/**
 * Undoes what was done to a body, piece by piece and no faster than it is read. How much comes out is for the reader to
 * bound. Throws what zlib throws if the body is not what the codings say, and what breaks the body.
 */
export async function* decoded(
  body: AsyncIterable<Buffer>,
  applied: readonly ContentCoding[],
): AsyncGenerator<Buffer, void, void> {
  let content = body;
  for (const coding of applied.toReversed()) content = undone(content, coding);
  yield* content;
}

async function* undone(body: AsyncIterable<Buffer>, coding: ContentCoding): AsyncGenerator<Buffer, void, void> {
  const chunks = body[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return;
  const decoder = decoderOf(coding, first.value);
  if (decoder === undefined) throw new Error(`this version of Node cannot decode ${coding}`);
  const encoded = Readable.from(joined(first.value, chunks), { objectMode: false });
  // What breaks here destroys the decoder with the same error, and so reaches whoever reads it.
  pipeline(encoded, decoder).catch(() => {});
  yield* decoder;
}

async function* joined(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, void> {
  try {
    yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function decoderOf(coding: ContentCoding, start: Buffer): Transform | undefined {
  switch (coding) {
    case "gzip":
      return zlib.createGunzip();
    case "br":
      return zlib.createBrotliDecompress();
    case "deflate":
      // Meant is zlib's format (RFC 9110, "Deflate Coding"); some send the bare one, whose first byte is another.
      return ((start[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
    case "zstd":
      return createZstdDecoder();
  }
}

/** Node has it from 22.15 on. */
function createZstdDecoder(): Transform | undefined {
  const create: unknown = Reflect.get(zlib, "createZstdDecompress");
  // The types that we compile against are those of Node 20, which lack it.
  return typeof create === "function" ? (create as () => Transform)() : undefined;
}
