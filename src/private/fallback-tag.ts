import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, digestOf } from "../oci/digest.js";
import type { ReferrersPage, ReferrersQuery } from "../oci/listing.js";
import { manifestKind, mediaTypes } from "../oci/media-types.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { fallbackTagOf } from "../storage/content/fallback-referrers.js";
import type { Storage } from "../storage/storage.js";

type ListReferrers = (query: ReferrersQuery) => Promise<ReferrersPage>;

/**
 * Writes the index that clients maintain themselves on a registry without the referrers API (distribution-spec,
 * "Referrers Tag Schema"). On Berth they do not, so they would find no signature once a registry:2 serves the
 * directory.
 */
export async function writeFallbackTag(
  storage: Storage,
  name: RepositoryName,
  subject: Digest,
  list: ListReferrers,
): Promise<void> {
  const tag = fallbackTagOf(subject);
  await storage.withLock(`fallback tag ${name}:${tag}`, async () => {
    const current = await storage.tags.find(name, tag);
    const pointsAt = current && (await storage.manifests.find(name, current));
    // A tag of that name that does not point to an index was pushed by someone else.
    if (pointsAt !== undefined && manifestKind(pointsAt.descriptor.mediaType) !== "index") return;
    const manifests = await all(list);
    if (manifests.length === 0) {
      await storage.tags.removal.remove(name, tag);
      return;
    }
    const mediaType = mediaTypes.ociIndex;
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
    const digest = digestOf(bytes);
    await storage.manifests.put(name, { descriptor: { mediaType, digest, size: bytes.length }, bytes });
    await storage.tags.put(name, tag, digest);
  });
}

async function all(list: ListReferrers): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  let query: ReferrersQuery = {};
  for (;;) {
    const { items, more, last = items.at(-1)?.digest } = await list(query);
    found.push(...items);
    if (!more || last === undefined) return found;
    query = { last };
  }
}
