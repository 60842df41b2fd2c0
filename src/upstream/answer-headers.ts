import type { IncomingHttpHeaders } from "node:http";
import { InvalidAnswerError } from "./wire/wire-errors.js";

export function isHtml(headers: IncomingHttpHeaders): boolean {
  const mediaType = mediaTypeOf(headers);
  return mediaType === "text/html" || mediaType === "application/xhtml+xml";
}

/** `Content-Type` in lower case and without parameters. */
export function mediaTypeOf(headers: IncomingHttpHeaders): string | undefined {
  const mediaType = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  return mediaType && /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(mediaType) ? mediaType : undefined;
}

export function contentLengthOf(headers: IncomingHttpHeaders): number | undefined {
  const length = headers["content-length"];
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

/** An ETag that means byte-for-byte equality, as `If-Range` requires (RFC 9110, "If-Range"). */
export function strongETagOf(headers: IncomingHttpHeaders): string | undefined {
  const { etag } = headers;
  return etag && /^"[\x21\x23-\x7e]*"$/.test(etag) ? etag : undefined;
}

/** `Content-Range: bytes 5-9/10` of a 206; an unknown size is `undefined`. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly size: number | undefined;
}

/** Some servers write `bytes=5-9/10`, or spaces. */
const rangePattern = /^\s*bytes[\s=:]\s*(\d{1,15})\s*-\s*(\d{1,15})\s*\/\s*(\d{1,15}|\*)\s*$/i;

/** @throws InvalidAnswerError if it is missing or contradicts itself */
export function contentRangeOf(headers: IncomingHttpHeaders): ContentRange {
  const [, start, end, size] = rangePattern.exec(headers["content-range"] ?? "") ?? [];
  const range = { start: Number(start), end: Number(end), size: size === "*" ? undefined : Number(size) };
  if (!(range.start <= range.end && (range.size === undefined || range.end < range.size))) {
    throw new InvalidAnswerError("it sends a part without saying which");
  }
  return range;
}

/** Text from outside, made safe for a log line, a header or a terminal: printable ASCII, truncated. */
export function plainText(text: string, maxLength: number): string {
  const printable = text
    .slice(0, maxLength * 4)
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim();
  return printable.length > maxLength ? `${printable.slice(0, maxLength - 3)}...` : printable;
}
