import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf, type Digest, hexOf } from "../oci/digest.js";
import { mediaTypes } from "../oci/media-types.js";
import { parseTag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { AttemptOptions, Endpoint } from "./endpoint.js";
import { readReferrers } from "./large-lists.js";
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
): Promise<ListPage<readonly Descriptor[]>> {
  const { repository, subject } = request;
  const url = endpoint.urlOf(repository, "referrers", subject);
  const headers = { ...request.headers, Accept: mediaTypes.ociIndex };
  return readPage(endpoint, { repository, url, headers, read: referrersIn }, query, options);
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
): Promise<readonly Descriptor[] | undefined> {
  const { repository, subject, headers } = request;
  const reference = parseTag(`${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`);
  try {
    const { bytes } = await getManifest(endpoint, { repository, reference, headers }, maxBytes, options);
    return await referrersIn(bytes);
  } catch (error) {
    if (error instanceof UpstreamError && error.kind === "not-found") return undefined;
    throw error;
  }
}

/** Registries without the API answer 404, or that the method, the path or its meaning is unknown. */
export function saysNoApi({ status = 0 }: UpstreamError): boolean {
  return [400, 404, 405, 406, 410, 501].includes(status);
}

/** @throws InvalidAnswerError if it is not an index; `undefined` if it is not a JSON object */
async function referrersIn(page: Buffer): Promise<readonly Descriptor[] | undefined> {
  const read = await readReferrers(page);
  if (read?.fault !== undefined) throw new InvalidAnswerError(read.fault);
  return read?.referrers;
}
