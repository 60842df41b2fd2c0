import { type Digest, isDigestOfNothing } from "../oci/digest.js";
import { contentLengthOf } from "./answer-headers.js";
import { type BlobQuestion, blobQuestion } from "./blob-client.js";
import type { Asking, Endpoint } from "./endpoint.js";
import type { UpstreamBlobHead } from "./upstream.js";
import { UpstreamError } from "./upstream-error.js";
import { contentCodingsOf } from "./wire/content-coding.js";
import type { WireAnswer } from "./wire/wire.js";

/**
 * Whether the upstream has a blob, and how large it is. HEAD is a saving, never the truth: where it refuses, breaks off,
 * or tells no length, one that cannot be or another one than is known, a GET is asked that ends after its headers (ECR Public, Harbor and
 * addresses that are signed for GET alone refuse HEAD for what they have).
 * @param knownSize bytes, where they are here or a manifest told
 */
export async function proveBlob(
  endpoint: Endpoint,
  wanted: BlobQuestion,
  knownSize: number | undefined,
  asking: Asking,
): Promise<UpstreamBlobHead> {
  if (!endpoint.heads.isWorthAsking("blob", knownSize !== undefined)) return byGet(endpoint, wanted, asking);
  const head = await byHead(endpoint, wanted, asking);
  if (head !== undefined && isPlausible(head, knownSize)) return head;
  try {
    const proof = await byGet(endpoint, wanted, asking);
    if (head === undefined) endpoint.heads.contradicted("blob");
    return proof;
  } catch (error) {
    if (head === undefined && error instanceof UpstreamError && error.status !== undefined)
      endpoint.heads.confirmed("blob");
    throw error;
  }
}

/** `undefined` where GET may give what HEAD refuses. */
async function byHead(endpoint: Endpoint, wanted: BlobQuestion, asking: Asking): Promise<UpstreamBlobHead | undefined> {
  try {
    const answer = await endpoint.ask(blobQuestion(endpoint, wanted, "HEAD", "proof"), asking);
    answer.body.discard();
    return { size: sizeIn(answer, wanted.digest) };
  } catch (error) {
    if (!mayBeHadByGet(error)) throw error;
    return undefined;
  }
}

/**
 * After a 429 nothing may be asked, and a server that asks for time is given it. Without a status, either the answer broke
 * off, or a token could not be had that GET may not want (ECR Public, distribution#4383). A GET of a blob is no pull that
 * anybody counts, not even Docker Hub.
 */
function mayBeHadByGet(error: unknown): boolean {
  if (!(error instanceof UpstreamError) || error.kind === "rate-limited" || error.retryAfterMs !== undefined)
    return false;
  return error.status !== undefined || error.kind === "invalid" || error.cause !== undefined;
}

/** Nothing of the body is read: it may be gigabytes. */
async function byGet(endpoint: Endpoint, wanted: BlobQuestion, asking: Asking): Promise<UpstreamBlobHead> {
  const answer = await endpoint.ask(blobQuestion(endpoint, wanted, "GET", "proof"), asking);
  answer.body.close();
  return { size: sizeIn(answer, wanted.digest) };
}

function isPlausible({ size }: UpstreamBlobHead, knownSize: number | undefined): boolean {
  return size !== undefined && (knownSize === undefined || size === knownSize);
}

/** Some answer HEAD with the length of the body that it does not have. */
function sizeIn({ headers }: WireAnswer, digest: Digest): number | undefined {
  const size = contentCodingsOf(headers).length > 0 ? undefined : contentLengthOf(headers);
  return size === 0 && !isDigestOfNothing(digest) ? undefined : size;
}
