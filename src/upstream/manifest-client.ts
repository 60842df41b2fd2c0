import type { IncomingHttpHeaders } from "node:http";
import { algorithmOf, type Digest, digestOf, isDigest } from "../oci/digest.js";
import { mediaTypes } from "../oci/media-types.js";
import { isDigestReference, type Reference } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { contentLengthOf, mediaTypeOf, refuseEncoded, refuseHtml } from "./answer-headers.js";
import type { Asking, Endpoint, Question } from "./endpoint.js";
import type { UpstreamManifest, UpstreamManifestHead } from "./upstream.js";
import { UpstreamError } from "./upstream-error.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/** Without the list types Docker Hub answers with one platform; the rest is for artifacts of other types. */
const accept = [
  mediaTypes.ociIndex,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  "*/*;q=0.1",
].join(", ");

/** Types that servers send when they do not know better. */
const vagueTypes = new Set(["application/json", "application/octet-stream", "text/plain"]);

/** Which manifest is wanted, and with which further headers. */
export interface ManifestQuestion {
  readonly repository: RepositoryName;
  readonly reference: Reference;
  readonly headers: Readonly<Record<string, string>>;
}

/** Asks by HEAD; by GET where HEAD is unknown, or does not tell the digest. */
export async function headManifest(
  endpoint: Endpoint,
  wanted: ManifestQuestion,
  maxBytes: number,
  asking: Asking,
): Promise<UpstreamManifestHead> {
  const head = await askHead(endpoint, wanted, asking);
  if (head) return head;
  const manifest = await getManifest(endpoint, wanted, maxBytes, asking);
  const { digest, mediaType, bytes } = manifest;
  return { digest, mediaType, size: bytes.length, manifest };
}

async function askHead(
  endpoint: Endpoint,
  wanted: ManifestQuestion,
  asking: Asking,
): Promise<UpstreamManifestHead | undefined> {
  try {
    const answer = await endpoint.ask(questionOf(endpoint, wanted, "HEAD"), asking);
    answer.body.discard();
    const digest = isDigestReference(wanted.reference) ? wanted.reference : claimedDigest(answer.headers);
    if (digest === undefined) return undefined;
    return { digest, mediaType: manifestTypeOf(answer.headers), size: contentLengthOf(answer.headers) };
  } catch (error) {
    if (error instanceof UpstreamError && (error.status === 405 || error.status === 501)) return undefined;
    throw error;
  }
}

/** Fetches a manifest and computes its digest; what is asked for by digest must have that digest. */
export async function getManifest(
  endpoint: Endpoint,
  wanted: ManifestQuestion,
  maxBytes: number,
  asking: Asking,
): Promise<UpstreamManifest> {
  const { headers, body } = await endpoint.ask(questionOf(endpoint, wanted, "GET"), asking);
  try {
    refuseEncoded(headers);
    refuseHtml(headers);
    const bytes = await body.readAll(maxBytes);
    const digest = digestOf(bytes, algorithmOf(expectedDigest(wanted.reference, headers)));
    if (isDigestReference(wanted.reference) && digest !== wanted.reference) {
      throw new InvalidAnswerError(`for ${wanted.reference} it sends content of the digest ${digest}`);
    }
    refuseOtherThanObject(bytes);
    return { digest, mediaType: manifestTypeOf(headers), bytes };
  } finally {
    body.close();
  }
}

function questionOf(endpoint: Endpoint, wanted: ManifestQuestion, method: "GET" | "HEAD"): Question {
  const { repository, reference, headers } = wanted;
  const url = endpoint.urlOf(repository, "manifests", reference);
  return { method, url, repository, lane: "manifest", headers: { ...headers, Accept: accept } };
}

/** For a tag, the upstream chooses the algorithm; its claim is not believed beyond that. */
function expectedDigest(reference: Reference, headers: IncomingHttpHeaders): Digest {
  if (isDigestReference(reference)) return reference;
  return claimedDigest(headers) ?? digestOf(Buffer.alloc(0));
}

function claimedDigest(headers: IncomingHttpHeaders): Digest | undefined {
  const digest = headers["docker-content-digest"];
  return typeof digest === "string" && isDigest(digest) ? digest : undefined;
}

function manifestTypeOf(headers: IncomingHttpHeaders): string | undefined {
  const mediaType = mediaTypeOf(headers);
  return mediaType === undefined || vagueTypes.has(mediaType) ? undefined : mediaType;
}

function refuseOtherThanObject(bytes: Buffer): void {
  try {
    const json: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return;
  } catch {}
  throw new InvalidAnswerError("for a manifest it sends something other than a JSON object");
}
