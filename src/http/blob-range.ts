import parseRange from "range-parser";
import { RegistryError } from "../oci/errors.js";
import type { Span } from "../registry/span-reader.js";
import type { Exchange } from "./exchange.js";

/** A suffix longer than the content means all of it (RFC 9110, section 14.1.2); the parser rejects it. */
const suffix = /^bytes=\s*-0*[1-9][0-9]*\s*$/;

/**
 * The part of a blob that a request asks for. `undefined` for all of it: without `Range`, or if it is malformed, names
 * several parts, or comes with an `If-Range` that does not match (RFC 9110, section 14.2).
 * @throws RegistryError with status 416 if no byte of it exists
 */
export function requestedSpan(exchange: Exchange, size: number, etag: string): Span | undefined {
  const header = exchange.request.headers.range;
  // containerd requests `bytes=0-` for each layer; for an empty blob, that is everything.
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
  return new RegistryError("SIZE_INVALID", `the blob has ${size} bytes, none of them in the requested range`, {
    status: 416,
    headers: { "Content-Range": `bytes */${size}` },
  });
}
