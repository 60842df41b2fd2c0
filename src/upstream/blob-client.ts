import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { contentLengthOf, contentRangeOf, refuseEncoded, refuseHtml, strongETagOf } from "./answer-headers.js";
import { checkedContent } from "./blob-content.js";
import type { Asking, Endpoint, Question } from "./endpoint.js";
import type { BlobPart, UpstreamBlob, UpstreamBlobHead } from "./upstream.js";
import { UpstreamError } from "./upstream-error.js";
import type { WireAnswer } from "./wire/wire.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/** Which blob is wanted, and with which further headers. */
export interface BlobQuestion {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks by HEAD; where that is unknown, by a GET whose body is not read. */
export async function headBlob(endpoint: Endpoint, wanted: BlobQuestion, asking: Asking): Promise<UpstreamBlobHead> {
  try {
    const answer = await endpoint.ask(questionOf(endpoint, wanted, "HEAD"), asking);
    answer.body.discard();
    refuseHtml(answer.headers);
    return { size: contentLengthOf(answer.headers) };
  } catch (error) {
    if (!(error instanceof UpstreamError && (error.status === 405 || error.status === 501))) throw error;
    const blob = await getBlob(endpoint, wanted, {}, asking);
    blob.close();
    return { size: blob.size };
  }
}

/** Opens a blob, or the part of it that is wanted, or, if the upstream will not send parts, the whole. */
export async function getBlob(
  endpoint: Endpoint,
  wanted: BlobQuestion,
  part: BlobPart,
  asking: Asking,
): Promise<UpstreamBlob> {
  const range = rangeHeaders(part);
  const question = questionOf(endpoint, wanted, "GET");
  try {
    const answer = await endpoint.ask({ ...question, headers: { ...question.headers, ...range } }, asking);
    return opened(answer, part, endpoint, asking);
  } catch (error) {
    if (!(error instanceof UpstreamError && error.status === 416) || !range.Range) throw error;
    return opened(await endpoint.ask(question, asking), part, endpoint, asking);
  }
}

function questionOf(endpoint: Endpoint, wanted: BlobQuestion, method: "GET" | "HEAD"): Question {
  const { repository, digest, headers } = wanted;
  return { method, url: endpoint.urlOf(repository, "blobs", digest), repository, lane: "blob", headers };
}

function rangeHeaders({ offset = 0, end, validator }: BlobPart): { Range?: string; "If-Range"?: string } {
  if (offset === 0 && end === undefined) return {};
  return { Range: `bytes=${offset}-${end ?? ""}`, ...(validator !== undefined && { "If-Range": validator }) };
}

function opened(answer: WireAnswer, part: BlobPart, endpoint: Endpoint, asking: Asking): UpstreamBlob {
  const { headers, body } = answer;
  try {
    refuseEncoded(headers);
    refuseHtml(headers);
    const { start, length, size } = extentOf(answer, part);
    const explain = (error: unknown) => endpoint.explain(error, asking.patience);
    asking.patience.liftDeadline();
    return {
      start,
      size,
      validator: strongETagOf(headers),
      content: checkedContent(body, length, explain),
      close: () => body.close(),
    };
  } catch (error) {
    body.close();
    throw error;
  }
}

/** Where the body starts, how long it must be, and how large the blob is, all as far as anybody says. */
interface Extent {
  readonly start: number;
  readonly length: number | undefined;
  readonly size: number | undefined;
}

function extentOf(answer: WireAnswer, part: BlobPart): Extent {
  const announced = contentLengthOf(answer.headers);
  if (answer.status === 200) {
    const size = agreed(announced, part.expectedSize);
    return { start: 0, length: size, size };
  }
  const range = contentRangeOf(answer.headers);
  const size = agreed(range.size, part.expectedSize);
  const lastWanted = Math.min(part.end ?? Number.POSITIVE_INFINITY, (size ?? Number.POSITIVE_INFINITY) - 1);
  const isWanted = range.start === (part.offset ?? 0) && (range.end === lastWanted || lastWanted === Infinity);
  if (!isWanted)
    throw new InvalidAnswerError(`it sends the bytes ${range.start} to ${range.end}, which nobody asked for`);
  return { start: range.start, length: agreed(announced, range.end - range.start + 1), size };
}

function agreed(announced: number | undefined, expected: number | undefined): number | undefined {
  if (announced !== undefined && expected !== undefined && announced !== expected) {
    throw new InvalidAnswerError(`it announces ${announced} bytes instead of ${expected}`);
  }
  return announced ?? expected;
}
