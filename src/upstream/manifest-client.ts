import type { IncomingHttpHeaders } from "node:http";
import { type Digest, isDigest } from "../oci/digest.js";
import { mediaTypes } from "../oci/media-types.js";
import { isDigestReference, type Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { contentLengthOf, mediaTypeOf } from "./answer-headers.js";
import type { AttemptOptions, Endpoint, EndpointRequest } from "./endpoint.js";
import { provenManifest } from "./manifest-proof.js";
import type { UpstreamManifest, UpstreamManifestHead } from "./upstream-client.js";
import { isCut, UpstreamError } from "./upstream-error.js";

/** Without the index types, Docker Hub returns a single platform; the rest is for artifacts of other types. */
const accept = [
  mediaTypes.ociIndex,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  "*/*;q=0.1",
].join(", ");

/** Types that servers send if they do not know the real one. */
const vagueTypes = new Set(["application/json", "application/octet-stream", "text/plain"]);

/** Which manifest to request, and with which other headers. */
export interface ManifestRequest {
  readonly repository: RepositoryName;
  readonly reference: Reference;
  readonly headers: Readonly<Record<string, string>>;
}

/** Uses HEAD, or GET if HEAD is refused, gives no digest, or has been of no use before. */
export async function headManifest(
  endpoint: Endpoint,
  wanted: ManifestRequest,
  maxBytes: number,
  options: AttemptOptions,
): Promise<UpstreamManifestHead> {
  const kind = isDigestReference(wanted.reference) ? "manifest" : "tag";
  if (!endpoint.heads.isWorthTrying(kind, options.hasFallback)) return headByGet(endpoint, wanted, maxBytes, options);
  const head = await sendHead(endpoint, wanted, options);
  if ("digest" in head) return head;
  try {
    const found = await headByGet(endpoint, wanted, maxBytes, options);
    endpoint.heads.contradicted(kind);
    return found;
  } catch (error) {
    if (error instanceof UpstreamError && error.kind === head.refusal?.kind) endpoint.heads.confirmed(kind);
    throw error;
  }
}

/** Fetches a manifest and computes its digest, which must match a digest reference. */
export async function getManifest(
  endpoint: Endpoint,
  wanted: ManifestRequest,
  maxBytes: number,
  options: AttemptOptions,
): Promise<UpstreamManifest> {
  const { headers, body } = await endpoint.send(requestOf(endpoint, wanted, "GET"), options);
  try {
    const received = { headers, bytes: await body.readAll(maxBytes, options.room), claimed: claimedDigest(headers) };
    const proven = await provenManifest(received, wanted.reference, maxBytes);
    return { ...proven, mediaType: manifestTypeOf(headers) };
  } finally {
    body.close();
  }
}

async function headByGet(
  endpoint: Endpoint,
  wanted: ManifestRequest,
  maxBytes: number,
  options: AttemptOptions,
): Promise<UpstreamManifestHead> {
  const manifest = await getManifest(endpoint, wanted, maxBytes, options);
  const { digest, mediaType, bytes } = manifest;
  return { digest, mediaType, size: bytes.length, manifest };
}

/** The result of HEAD, or its refusal; `undefined` if it gives no digest. */
async function sendHead(
  endpoint: Endpoint,
  wanted: ManifestRequest,
  options: AttemptOptions,
): Promise<UpstreamManifestHead | { readonly refusal: UpstreamError | undefined }> {
  try {
    const answer = await endpoint.send(requestOf(endpoint, wanted, "HEAD"), options);
    answer.body.discard();
    const digest = isDigestReference(wanted.reference) ? wanted.reference : claimedDigest(answer.headers);
    if (digest === undefined) return { refusal: undefined };
    return { digest, mediaType: manifestTypeOf(answer.headers), size: sizeOf(answer.headers) };
  } catch (broken) {
    const error = endpoint.explain(broken, options.deadline);
    if (!mayContradictHead(error, endpoint)) throw error;
    return { refusal: error };
  }
}

function requestOf(endpoint: Endpoint, wanted: ManifestRequest, method: "GET" | "HEAD"): EndpointRequest {
  const { repository, reference, headers } = wanted;
  const url = endpoint.urlOf(repository, "manifests", reference);
  return { method, url, repository, requestClass: "manifest", headers: { ...headers, Accept: accept } };
}

/** Two proxies that both add the header turn it into a list with the same digest twice. */
function claimedDigest(headers: IncomingHttpHeaders): Digest | undefined {
  const value = String(headers["docker-content-digest"] ?? "");
  const [digest = "", ...others] = new Set(value.split(",").map((text) => text.trim()));
  return others.length === 0 && isDigest(digest) ? digest : undefined;
}

/** No manifest is empty, and the length of an encoded one does not count. */
function sizeOf(headers: IncomingHttpHeaders): number | undefined {
  const length = contentLengthOf(headers);
  return length === 0 || headers["content-encoding"] !== undefined ? undefined : length;
}

function manifestTypeOf(headers: IncomingHttpHeaders): string | undefined {
  const mediaType = mediaTypeOf(headers);
  return mediaType === undefined || vagueTypes.has(mediaType) ? undefined : mediaType;
}

/** Statuses of servers that do not support HEAD, or not with our headers. */
const notUnderstood = new Set([400, 405, 406, 501]);

/**
 * Whether GET may succeed where HEAD was refused. After a 429 nothing may be requested, and a server that asks for time
 * gets it. Where each GET counts as a pull, as at Docker Hub, HEAD is trusted.
 */
export function mayContradictHead(error: unknown, endpoint: Endpoint): error is UpstreamError {
  if (!(error instanceof UpstreamError) || error.kind === "rate-limited" || error.retryAfterMs !== undefined)
    return false;
  if (notUnderstood.has(error.status ?? 0)) return true;
  return !endpoint.countsPulls && (error.status !== undefined || error.kind === "invalid" || isCut(error));
}
