import { EventLoopBreaks } from "../../foundation/event-loop-breaks.js";
import type { ImageParts } from "../../images/image-parts.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../../storage/storage.js";
import type { Censuses } from "./content-census.js";

/** Reading more manifests takes too long for one answer. */
const mostOthers = 500;

interface Compared {
  readonly storage: Storage;
  readonly name: RepositoryName;
  readonly parts: ImageParts;
  readonly censuses: Censuses;
}

/**
 * Bytes of an image that no other image of any repository needs.
 * @param stored the image's content that is stored, with its sizes
 * @returns `undefined` if there are too many others to read, or if it is still being counted
 */
export async function uniqueSizeOf(
  stored: ReadonlyMap<Digest, number>,
  { storage, name, parts, censuses }: Compared,
): Promise<number | undefined> {
  const census = await censuses.last();
  const others = (await storage.index.manifests(name)).filter((digest) => !parts.manifests.has(digest));
  if (census === undefined || others.length > mostOthers) return undefined;
  const needed = new Set<Digest>();
  const breaks = new EventLoopBreaks();
  for (const digest of others) {
    await breaks.take();
    for (const named of (await storage.manifests.readContent(name, digest))?.names ?? []) needed.add(named);
  }
  let size = 0;
  for (const [digest, bytes] of stored) {
    if (!needed.has(digest) && census.holders(digest).every((holder) => holder === name)) size += bytes;
  }
  return size;
}
