import { RegistryError } from "../oci/errors.js";
import type { Chunk, ChunkRange } from "../registry/repository.js";
import type { BufferPool } from "./buffer-pool.js";
import type { Exchange } from "./exchange.js";
import { bodyOf, isWithoutBody } from "./request-body.js";

/**
 * `<start>-<end>`, both inclusive (distribution-spec, "Pushing a blob in chunks"). Clients that follow RFC 9110,
 * section 14.4, write a unit before it and the whole size after it: `bytes 0-9/10`.
 */
const rangePattern = /^(?:bytes *[ =] *)?([0-9]{1,15})-([0-9]{1,15})(?:\/(?:[0-9]+|\*))?$/i;

/**
 * The body of a request as a chunk of an upload.
 * @throws RegistryError if its headers are contradictory
 */
export function chunkOf(exchange: Exchange, pool: BufferPool): Chunk {
  const content = bodyOf(exchange, pool);
  const header = exchange.header("content-range");
  if (header === undefined) return { content };
  const range = parseRange(header);
  const announced = exchange.header("content-length");
  const length = range.end - range.start + 1;
  if (announced !== undefined && Number(announced) !== length) {
    throw new RegistryError("SIZE_INVALID", `Content-Range announces ${length} bytes, but Content-Length ${announced}`);
  }
  return { content, range };
}

/** The same for a closing request. Without a body, it repeats the range of the previous chunk, or of the whole blob. */
export async function lastChunkOf(exchange: Exchange, pool: BufferPool): Promise<Chunk> {
  const repeatsRange = exchange.header("content-range") !== undefined && (await isWithoutBody(exchange.request));
  return repeatsRange ? { content: bodyOf(exchange, pool) } : chunkOf(exchange, pool);
}

function parseRange(header: string): ChunkRange {
  const [, start, end] = rangePattern.exec(header) ?? [];
  if (start !== undefined && end !== undefined && Number(end) >= Number(start)) {
    return { start: Number(start), end: Number(end) };
  }
  throw new RegistryError("BLOB_UPLOAD_INVALID", "Content-Range must be <start>-<end>, both inclusive", {
    detail: { contentRange: header.slice(0, 100) },
  });
}
