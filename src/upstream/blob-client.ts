import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { contentLengthOf, contentRangeOf, strongETagOf } from "./answer-headers.js";
import { checkedContent } from "./blob-content.js";
import type { AttemptOptions, Endpoint, EndpointRequest } from "./endpoint.js";
import type { RequestClass } from "./limits/slots.js";
import type { BlobPart, UpstreamBlob } from "./upstream-client.js";
import { UpstreamError } from "./upstream-error.js";
import { type ContentCoding, contentCodingsOf } from "./wire/content-coding.js";
import type { WireAnswer } from "./wire/wire.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/** Which blob to request, and with which other headers. */
export interface BlobRequest {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly headers: Readonly<Record<string, string>>;
  /** Time for the response headers, if different from other requests. */
  readonly firstByteMs?: number | undefined;
}

/** Configs and the like: they take only a moment, and must not wait behind layers. */
const smallBytes = 1024 * 1024;

/**
 * Opens a blob, or a part of it. If an upstream does not send the part, for whatever reason, the whole blob is
 * requested: many servers answer Range wrongly, and a plain GET right (RFC 9110, section 14.2 leaves them free to).
 */
export async function getBlob(
  endpoint: Endpoint,
  wanted: BlobRequest,
  part: BlobPart,
  options: AttemptOptions,
): Promise<UpstreamBlob> {
  const request = blobRequest(endpoint, wanted, "GET", requestClassOf(part));
  const range = rangeHeaders(part);
  if (range !== undefined) {
    try {
      const answer = await endpoint.send({ ...request, headers: { ...request.headers, ...range } }, options);
      return opened(answer, part, endpoint, options);
    } catch (error) {
      if (!refusesPart(error)) throw error;
      options.log.debug("upstream sends no part of a blob, so the whole is requested", {
        digest: wanted.digest,
        error,
      });
    }
  }
  return opened(await endpoint.send(request, options), part, endpoint, options);
}

export function blobRequest(
  endpoint: Endpoint,
  wanted: BlobRequest,
  method: "GET" | "HEAD",
  requestClass: RequestClass,
): EndpointRequest {
  const { repository, digest, headers, firstByteMs } = wanted;
  return { method, url: endpoint.urlOf(repository, "blobs", digest), repository, requestClass, headers, firstByteMs };
}

function requestClassOf({ expectedSize, end }: BlobPart): RequestClass {
  return end !== undefined || (expectedSize !== undefined && expectedSize <= smallBytes) ? "small" : "download";
}

function rangeHeaders({ offset = 0, end, validator }: BlobPart): Record<string, string> | undefined {
  if (offset === 0 && end === undefined) return undefined;
  return { Range: `bytes=${offset}-${end ?? ""}`, ...(validator !== undefined && { "If-Range": validator }) };
}

/** Not one that cannot be reached, or that allows no further requests: the whole would fail there too. */
function refusesPart(error: unknown): boolean {
  if (error instanceof InvalidAnswerError) return true;
  if (!(error instanceof UpstreamError) || error.kind === "rate-limited") return false;
  return error.status !== undefined || error.kind === "invalid";
}

function opened(answer: WireAnswer, part: BlobPart, endpoint: Endpoint, options: AttemptOptions): UpstreamBlob {
  const { headers, body } = answer;
  try {
    const extent = extentOf(answer, part);
    const explain = (error: unknown) => endpoint.explain(error, options.deadline);
    options.deadline.lift();
    return {
      ...extent,
      validator: strongETagOf(headers),
      content: checkedContent(body, extent.end === undefined ? undefined : extent.end - extent.start, explain),
      close: () => body.close(),
    };
  } catch (error) {
    body.close();
    throw error;
  }
}

type Extent = Pick<UpstreamBlob, "start" | "end" | "size" | "codings">;

/** Where the body starts and ends in the blob, and the blob's size, as far as the response says. */
function extentOf(answer: WireAnswer, part: BlobPart): Extent {
  const length = contentLengthOf(answer.headers);
  const codings = codingsOf(answer, length, part);
  if (answer.status === 206) return { ...partialExtent(answer, length, part), codings };
  // The length of compressed bytes says nothing about the blob's size.
  const size = codings.length > 0 ? undefined : length;
  return { start: 0, end: size, size, codings };
}

/** If the length equals the blob's, the body is the plain blob, whatever the other headers say. */
function codingsOf({ headers }: WireAnswer, length: number | undefined, part: BlobPart): readonly ContentCoding[] {
  return length !== undefined && length === part.expectedSize ? [] : contentCodingsOf(headers);
}

/** A part may be longer or shorter than requested (RFC 9110, section 15.3.7); what comes before it is skipped. */
function partialExtent(answer: WireAnswer, length: number | undefined, part: BlobPart): Omit<Extent, "codings"> {
  if (contentCodingsOf(answer.headers).length > 0) throw new InvalidAnswerError("it sends a part of something encoded");
  const { start, end: last, size } = contentRangeOf(answer.headers);
  const { offset = 0, end: lastWanted = Number.POSITIVE_INFINITY } = part;
  if (start > offset || last < offset || last > lastWanted) {
    throw new InvalidAnswerError(`it sends the bytes ${start} to ${last}, which were not requested`);
  }
  const end = last + 1;
  if (length !== undefined && length !== end - start) {
    throw new InvalidAnswerError(`it announces ${length} bytes instead of ${end - start}`);
  }
  return { start, end, size };
}
