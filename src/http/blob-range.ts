import parseRange from "range-parser";
import { RegistryError } from "../oci/errors.js";
import type { Span } from "../registry/span-reader.js";
import type { Exchange } from "./exchange.js";

/** More of the end than there is means all of it (RFC 9110, section 14.1.2), which the parser takes for nothing. */
const suffix = /^bytes=\s*-0*[1-9][0-9]*\s*$/;

/**
 * The part of a blob that a request asks for, `undefined` for all of it: without `Range`, with one that is malformed,
 * names several parts or comes with an `If-Range` that no longer holds (RFC 9110, section 14.2).
 * @throws RegistryError with status 416 when no byte of it exists
 */
export function requestedSpan(exchange: Exchange, size: number, etag: string): Span | undefined {
  const header = exchange.request.headers.range;
  // containerd asks each layer for `bytes=0-`; of an empty blob that is all there is.
  if (header === undefined || size === 0) return undefined;
  const condition = exchange.header("if-range");
  if (condition !== undefined && condition !== etag) return undefined;
  const ranges = parseRange(size, header);
  if (ranges === -1 && suffix.test(header)) return { start: 0, end: size };
  if (ranges === -1) throw unsatisfiable(size);
  if (ranges === -2 || ranges.type !== "bytes" || ranges.length !== 1) return undefined;
  const [range] = ranges;
  return range && { start: range.start, end: range.end + 1 };
}

function unsatisfiable(size: number): RegistryError {
  return new RegistryError("SIZE_INVALID", `the blob has ${size} bytes, none of them in the range asked for`, {
    status: 416,
    headers: { "Content-Range": `bytes */${size}` },
  });
}
