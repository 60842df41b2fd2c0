import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf, type Digest, hexOf, isDigest } from "../oci/digest.js";
import { mediaTypes } from "../oci/media-types.js";
import { parseTag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { AttemptOptions, Endpoint } from "./endpoint.js";
import { type JsonObject, parseObject } from "./json-object.js";
import { getManifest } from "./manifest-client.js";
import { type ListPage, readPage } from "./pages.js";
import { UpstreamError } from "./upstream-error.js";
import { InvalidAnswerError } from "./wire/wire-errors.js";

/** Which referrers to request. */
export interface ReferrersRequest {
  readonly repository: RepositoryName;
  readonly subject: Digest;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads one page of a response of the referrers API. */
export async function readReferrerPage(
  endpoint: Endpoint,
  request: ReferrersRequest,
  query: string | undefined,
  options: AttemptOptions,
): Promise<ListPage<JsonObject>> {
  const { repository, subject } = request;
  const url = endpoint.urlOf(repository, "referrers", subject);
  const headers = { ...request.headers, Accept: mediaTypes.ociIndex };
  const read = async (page: Buffer) => parseObject(page);
  const page = await readPage(endpoint, { repository, url, headers, read }, query, options);
  referrersIn(page.content);
  return page;
}

/**
 * Reads the referrers from the tag that clients maintain on registries without the API (distribution-spec, "Referrers
 * Tag Schema"). `undefined` if there is no such tag.
 */
export async function referrersByTag(
  endpoint: Endpoint,
  request: ReferrersRequest,
  maxBytes: number,
  options: AttemptOptions,
): Promise<Descriptor[] | undefined> {
  const { repository, subject, headers } = request;
  const reference = parseTag(`${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`);
  try {
    const { bytes } = await getManifest(endpoint, { repository, reference, headers }, maxBytes, options);
    return referrersIn(JSON.parse(bytes.toString("utf8")));
  } catch (error) {
    if (error instanceof UpstreamError && error.kind === "not-found") return undefined;
    throw error;
  }
}

/** Registries without the API answer 404, or that the method, the path or its meaning is unknown. */
export function saysNoApi({ status = 0 }: UpstreamError): boolean {
  return [400, 404, 405, 406, 410, 501].includes(status);
}

/** @throws InvalidAnswerError if it is not an index */
export function referrersIn({ manifests }: JsonObject): Descriptor[] {
  // Go programs write an empty list as null.
  if (manifests === null) return [];
  if (!Array.isArray(manifests)) throw new InvalidAnswerError("its referrers are not an index");
  return manifests.map(descriptorOf);
}

function descriptorOf(entry: unknown): Descriptor {
  const { mediaType, digest, size, artifactType, annotations }: Partial<Descriptor> = isObject(entry) ? entry : {};
  const isWhole = typeof mediaType === "string" && typeof digest === "string" && Number.isSafeInteger(size);
  if (!isWhole || !isDigest(digest) || size === undefined || size < 0) {
    throw new InvalidAnswerError("one of its referrers is not a descriptor");
  }
  return {
    mediaType,
    digest,
    size,
    ...(typeof artifactType === "string" && { artifactType }),
    ...(isObject(annotations) && { annotations: textsIn(annotations) }),
  };
}

function textsIn(annotations: JsonObject): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  for (const [key, text] of Object.entries(annotations)) if (typeof text === "string") texts[key] = text;
  return texts;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
