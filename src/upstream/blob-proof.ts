import { type Digest, isDigestOfNothing } from "../oci/digest.js";
import { contentLengthOf } from "./answer-headers.js";
import { type BlobRequest, blobRequest } from "./blob-client.js";
import type { AttemptOptions, Endpoint } from "./endpoint.js";
import type { UpstreamBlobHead } from "./upstream-client.js";
import { UpstreamError } from "./upstream-error.js";
import { contentCodingsOf } from "./wire/content-coding.js";
import type { WireAnswer } from "./wire/wire.js";

/**
 * Whether the upstream has a blob, and its size. HEAD is only a saving: if it is refused, breaks off, gives no length,
 * an impossible one, or not the known one, a GET follows that is closed after its headers (ECR Public, Harbor, and URLs
 * that are signed for GET only refuse HEAD for blobs that they have).
 * @param knownSize in bytes, if the blob is stored or a manifest gives its size
 */
export async function proveBlob(
  endpoint: Endpoint,
  wanted: BlobRequest,
  knownSize: number | undefined,
  options: AttemptOptions,
): Promise<UpstreamBlobHead> {
  if (!endpoint.heads.isWorthTrying("blob", knownSize !== undefined)) return byGet(endpoint, wanted, options);
  const head = await byHead(endpoint, wanted, options);
  if (head !== undefined && isPlausible(head, knownSize)) return head;
  try {
    const proof = await byGet(endpoint, wanted, options);
    if (head === undefined) endpoint.heads.contradicted("blob");
    return proof;
  } catch (error) {
    if (head === undefined && error instanceof UpstreamError && error.status !== undefined)
      endpoint.heads.confirmed("blob");
    throw error;
  }
}

/** `undefined` if GET may succeed where HEAD is refused. */
async function byHead(
  endpoint: Endpoint,
  wanted: BlobRequest,
  options: AttemptOptions,
): Promise<UpstreamBlobHead | undefined> {
  try {
    const answer = await endpoint.send(blobRequest(endpoint, wanted, "HEAD", "proof"), options);
    answer.body.discard();
    return { size: sizeIn(answer, wanted.digest) };
  } catch (error) {
    if (!mayBeHadByGet(error)) throw error;
    return undefined;
  }
}

/**
 * After a 429 nothing may be requested, and a server that asks for time gets it. Without a status, either the response
 * broke off, or a token could not be obtained that GET may not need (ECR Public, distribution#4383). No one counts a
 * GET of a blob as a pull, not even Docker Hub.
 */
function mayBeHadByGet(error: unknown): boolean {
  if (!(error instanceof UpstreamError) || error.kind === "rate-limited" || error.retryAfterMs !== undefined)
    return false;
  return error.status !== undefined || error.kind === "invalid" || error.cause !== undefined;
}

/** Reads nothing of the body, which may be gigabytes. */
async function byGet(endpoint: Endpoint, wanted: BlobRequest, options: AttemptOptions): Promise<UpstreamBlobHead> {
  const answer = await endpoint.send(blobRequest(endpoint, wanted, "GET", "proof"), options);
  answer.body.close();
  return { size: sizeIn(answer, wanted.digest) };
}

function isPlausible({ size }: UpstreamBlobHead, knownSize: number | undefined): boolean {
  return size !== undefined && (knownSize === undefined || size === knownSize);
}

/** Some servers answer HEAD with the length of the missing body. */
function sizeIn({ headers }: WireAnswer, digest: Digest): number | undefined {
  const size = contentCodingsOf(headers).length > 0 ? undefined : contentLengthOf(headers);
  return size === 0 && !isDigestOfNothing(digest) ? undefined : size;
}
