import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import { type ImageParts, partsOf } from "../../images/image-parts.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { ReadAllowance } from "../../storage/content/read-allowance.js";
import type { Storage } from "../../storage/storage.js";
import type { Censuses } from "./content-census.js";

/** Reading more manifests takes too long for one answer. */
const mostOthers = 500;

interface Place {
  readonly storage: Storage;
  readonly name: RepositoryName;
  readonly censuses: Censuses;
}

/**
 * Bytes of an image that no other image of any repository needs.
 * @param stored the image's content that is stored, with its sizes
 * @returns `undefined` if there are too many others to read, or if it is still being counted
 */
export function uniqueSizeOf(
  stored: ReadonlyMap<Digest, number>,
  { parts, ...place }: Place & { readonly parts: ImageParts },
): Promise<number | undefined> {
  return sizeWithout(stored, new Set(parts.manifests.keys()), place);
}

/** Bytes that nothing needs any more once these manifests are deleted, as far as is known. */
export async function freedSizeOf(manifests: readonly Digest[], place: Place): Promise<number | undefined> {
  const { storage, name } = place;
  const stored = new Map<Digest, number>();
  const allowance = new ReadAllowance();
  for (const digest of manifests) {
    const parts = await partsOf(storage, name, digest, allowance);
    if (parts.isPartial) return undefined;
    const root = parts.manifests.get(digest);
    if (root === undefined) continue;
    stored.set(digest, root.size);
    for (const blob of root.reading.blobs) {
      const found = await storage.repository(name).findBlob(blob.digest);
      if (found !== undefined) stored.set(blob.digest, found.size);
    }
  }
  return sizeWithout(stored, new Set(manifests), place);
}

/** The part of what is stored that only these manifests of this repository need. */
async function sizeWithout(
  stored: ReadonlyMap<Digest, number>,
  manifests: ReadonlySet<Digest>,
  { storage, name, censuses }: Place,
): Promise<number | undefined> {
  // Listed without looking at each link: reading one that is gone finds nothing.
  const [held] = await storage.index.holdings([name], () => true);
  const others = held?.manifests.filter((digest) => !manifests.has(digest)) ?? [];
  if (held?.unreadable !== undefined || others.length > mostOthers) return undefined;
  const census = await censuses.last();
  if (census === undefined) return undefined;
  const needed = new Set<Digest>();
  const breaks = new EventLoopBreaks();
  for (const digest of others) {
    await breaks.take();
    for (const named of (await storage.manifests.uncached.readContent(name, digest))?.names ?? []) needed.add(named);
  }
  let size = 0;
  for (const [digest, bytes] of stored) {
    if (!needed.has(digest) && census.holders(digest).every((holder) => holder === name)) size += bytes;
  }
  return size;
}
