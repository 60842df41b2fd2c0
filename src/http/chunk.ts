import { RegistryError } from "../oci/errors.js";
import type { Chunk, ChunkRange } from "../registry/repository.js";
import type { BufferPool } from "./buffer-pool.js";
import type { Exchange } from "./exchange.js";
import { RequestBody } from "./request-body.js";

/** `<start>-<end>`, both inclusive and without a unit (distribution-spec, "Pushing a blob in chunks"). */
const rangePattern = /^([0-9]{1,15})-([0-9]{1,15})$/;

/**
 * The body of a request as a piece of an upload.
 * @throws RegistryError when what the headers say of it cannot be
 */
export function chunkOf(exchange: Exchange, pool: BufferPool): Chunk {
  const content = new RequestBody(exchange.request, pool);
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

function parseRange(header: string): ChunkRange {
  const [, start, end] = rangePattern.exec(header) ?? [];
  if (start !== undefined && end !== undefined && Number(end) >= Number(start)) {
    return { start: Number(start), end: Number(end) };
  }
  throw new RegistryError(
    "BLOB_UPLOAD_INVALID",
    "Content-Range must be <start>-<end>, both inclusive and without a unit",
    {
      detail: { contentRange: header.slice(0, 100) },
    },
  );
}
