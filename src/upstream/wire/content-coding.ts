import type { IncomingHttpHeaders } from "node:http";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";

/** A compression of a body (RFC 9110, "Content Codings"). */
export type ContentCoding = "gzip" | "deflate" | "br" | "zstd";

/**
 * All other values change nothing: `identity`, `aws-chunked` (S3 keeps it from an upload, and sends the plain object),
 * and made-up ones such as `none` or `utf-8`. The digest tells whether that is true.
 */
const codings = new Map<string, ContentCoding>([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

/** Real servers never apply more; more would only cost us work. */
const mostCodings = 2;

/** The compressions of a body, in the order in which they were applied; empty if there are none. */
export function contentCodingsOf(headers: IncomingHttpHeaders): readonly ContentCoding[] {
  const names = (headers["content-encoding"] ?? "").toLowerCase().split(",");
  const found = names.map((name) => codings.get(name.trim())).filter((coding) => coding !== undefined);
  return found.length <= mostCodings ? found : [];
}

/**
 * Decodes a body piece by piece, no faster than it is read. The reader must limit the output. Throws zlib's error if
 * the body is not what the codings say, and any error of the body.
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
  // A failure destroys the decoder with the same error, which its reader then receives.
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
      // The standard means zlib's format (RFC 9110, "Deflate Coding"); some send raw deflate, which the first byte
      // reveals.
      return ((start[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
    case "zstd":
      return createZstdDecoder();
  }
}

/** Available from Node 22.15 on. */
function createZstdDecoder(): Transform | undefined {
  const create: unknown = Reflect.get(zlib, "createZstdDecompress");
  // We compile against the types of Node 20, which lack it.
  return typeof create === "function" ? (create as () => Transform)() : undefined;
}

/** A body that was read completely, and its headers. */
export interface ReceivedBody {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/**
 * The possible contents of a body that was requested without encoding, but may be encoded, or only be declared so: the
 * plain bytes, and the decoded ones if they are at most `maxBytes`. The caller knows which is right.
 */
export async function* bodyForms(
  { headers, bytes }: ReceivedBody,
  maxBytes: number,
): AsyncGenerator<Buffer, void, void> {
  yield bytes;
  const codings = contentCodingsOf(headers);
  const plain = codings.length === 0 ? undefined : await decodedWhole(decoded(only(bytes), codings), maxBytes);
  if (plain !== undefined) yield plain;
}

/** `undefined` if it is not encoded as declared, or too large. */
async function decodedWhole(content: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of content) {
      length += chunk.length;
      if (length > maxBytes) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks, length);
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer, void, void> {
  yield bytes;
}
