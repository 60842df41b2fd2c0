import type { Descriptor } from "../oci/descriptor.js";
import { algorithmOf, type Digest, hexOf } from "../oci/digest.js";
import type { PageOf, ReferrersQuery } from "../oci/listing.js";
import { readManifest } from "../oci/manifest-reading.js";
import { parseTag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { StoredManifest } from "./manifest-store.js";
import type { Storage } from "./storage.js";

/** An answer must fit into a manifest's usual 4 MiB (distribution-spec, "Listing Referrers"); this leaves room for its frame. */
const pageBytes = 4 * 1024 * 1024 - 64 * 1024;

/** Lists what refers to a manifest in order of digests, at most as much as one answer holds. */
export async function listReferrers(
  storage: Storage,
  name: RepositoryName,
  subject: Digest,
  query: ReferrersQuery,
): Promise<PageOf<Descriptor>> {
  const fallback = await fallbackReferrers(storage, name, subject);
  const digests = new Set([...(await storage.referrers.list(name, subject)), ...fallback.keys()]);
  const items: Descriptor[] = [];
  let bytes = 0;
  for (const digest of [...digests].sort()) {
    if (query.last !== undefined && digest <= query.last) continue;
    // A record may outlast its manifest, when another program collected that.
    if (!(await storage.manifests.has(name, digest))) continue;
    const referrer = fallback.get(digest) ?? (await storage.referrers.find(name, subject, digest));
    if (referrer === undefined || !matches(referrer, query)) continue;
    bytes += Buffer.byteLength(JSON.stringify(referrer));
    if (bytes > pageBytes && items.length > 0) return { items, more: true };
    items.push(referrer);
  }
  return { items, more: false };
}

/** What a manifest says of itself that is listed. */
interface Listed {
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A manifest as the list of referrers shows it (distribution-spec, "Listing Referrers"). */
export function referrerDescriptor(manifest: StoredManifest, content: Listed): Descriptor {
  return {
    mediaType: manifest.descriptor.mediaType,
    digest: manifest.descriptor.digest,
    size: manifest.descriptor.size,
    ...(content.artifactType === undefined ? {} : { artifactType: content.artifactType }),
    ...(Object.keys(content.annotations).length === 0 ? {} : { annotations: content.annotations }),
  };
}

function matches(referrer: Descriptor, query: ReferrersQuery): boolean {
  return query.artifactType === undefined || referrer.artifactType === query.artifactType;
}

/**
 * What clients listed by hand while the registry had no referrers API: an index under a tag made from the subject's
 * digest. A registry with the API must include it (distribution-spec, "Enabling the Referrers API").
 */
async function fallbackReferrers(
  storage: Storage,
  name: RepositoryName,
  subject: Digest,
): Promise<Map<Digest, Descriptor>> {
  const found = new Map<Digest, Descriptor>();
  const tag = parseTag(`${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`);
  const digest = await storage.tags.find(name, tag);
  const index = digest && (await storage.manifests.find(name, digest));
  if (index === undefined) return found;
  for (const child of readManifest(index.bytes)?.manifests ?? []) {
    const manifest = await storage.manifests.find(name, child.digest);
    if (manifest === undefined) continue;
    const content = readManifest(manifest.bytes);
    if (content?.subject === subject) found.set(child.digest, referrerDescriptor(manifest, content));
  }
  return found;
}
