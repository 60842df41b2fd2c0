import { contentLengthOf } from "./answer-headers.js";
import { type BlobQuestion, blobQuestion } from "./blob-client.js";
import type { Asking, Endpoint } from "./endpoint.js";
import { mayContradictHead } from "./head-refusal.js";
import type { UpstreamBlobHead } from "./upstream.js";
import { contentCodingsOf } from "./wire/content-coding.js";
import { UpstreamError } from "./upstream-error.js";
import type { WireAnswer } from "./wire/wire.js";

/**
 * Whether the upstream has a blob, and how large it is. HEAD is a saving, never the truth: where it refuses, breaks off,
 * or tells no length or another one than is known, a GET is asked that ends after its headers (ECR Public, Harbor and
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
    return { size: sizeIn(answer) };
  } catch (error) {
    if (!mayContradictHead(error, endpoint) && !wantsTokenForHead(error)) throw error;
    return undefined;
  }
}

/** The token that HEAD asks for cannot be had, and GET may want none (ECR Public, distribution#4383). */
function wantsTokenForHead(error: unknown): boolean {
  if (!(error instanceof UpstreamError) || error.kind === "rate-limited") return false;
  return error.status === undefined && error.cause !== undefined;
}

/** Nothing of the body is read: it may be gigabytes. */
async function byGet(endpoint: Endpoint, wanted: BlobQuestion, asking: Asking): Promise<UpstreamBlobHead> {
  const answer = await endpoint.ask(blobQuestion(endpoint, wanted, "GET", "proof"), asking);
  answer.body.close();
  return { size: sizeIn(answer) };
}

function isPlausible({ size }: UpstreamBlobHead, knownSize: number | undefined): boolean {
  return size !== undefined && (knownSize === undefined || size === knownSize);
}

function sizeIn({ headers }: WireAnswer): number | undefined {
  return contentCodingsOf(headers).length > 0 ? undefined : contentLengthOf(headers);
}
