import { type CachedImage, imagesOf } from "../../images/images.js";
import type { Digest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { removeCachedRepository } from "../../storage/content/repository-removal.js";
import type { Storage } from "../../storage/storage.js";
import { EvictionPlan } from "./eviction-plan.js";
import { removeImages } from "./remove-images.js";

/** What to delete: an image by digest or tag, or with neither, the whole repository. */
export interface RemovalTarget {
  readonly name: RepositoryName;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

/** Why something cannot be deleted, in a sentence; `undefined` if it can. Private content never can. */
export async function whyNotRemovable(storage: Storage, target: RemovalTarget): Promise<string | undefined> {
  const { name, tag, digest } = target;
  const upstream = await storage.owners.readOwner(name);
  if (upstream === undefined) {
    return (await storage.repository(name).holdsContent())
      ? `${name} was pushed here: it is private, and only cached images can be deleted`
      : `nothing is cached as ${name}`;
  }
  if (digest !== undefined) {
    const images = await imagesOf(storage, name, upstream);
    if (images.some((image) => image.digest === digest)) return undefined;
    if ((await storage.downloads.list()).some((download) => download.digest === digest)) return undefined;
    const around = images.find((image) => image.manifests.includes(digest));
    return around === undefined
      ? `${name} does not have ${digest}`
      : `${digest} is part of ${around.digest}; delete that`;
  }
  if (tag !== undefined && (await storage.tags.find(name, tag)) === undefined) return `${name} has no tag ${tag}`;
  return undefined;
}

/** The images that go with the target. */
export async function chosenImages(storage: Storage, { name, tag, digest }: RemovalTarget): Promise<CachedImage[]> {
  const upstream = await storage.owners.readOwner(name);
  const images = upstream === undefined ? [] : await imagesOf(storage, name, upstream);
  if (tag === undefined && digest === undefined) return images;
  return images.filter((image) => image.digest === (digest ?? onlyTagOf(image, tag)));
}

/**
 * Deletes cached content. The caller must hold the eviction lock.
 * @returns the number of bytes freed
 */
export async function removeCached(storage: Storage, target: RemovalTarget): Promise<number> {
  const { name, tag, digest } = target;
  const upstream = await storage.owners.readOwner(name);
  if (upstream === undefined) return 0;
  const images = await imagesOf(storage, name, upstream);
  const isWhole = tag === undefined && digest === undefined;
  const pointsAt = tag && (await storage.tags.find(name, tag));
  if (digest === undefined && tag !== undefined && pointsAt !== undefined) {
    await storage.tags.removal.removeIfAt(name, tag, pointsAt);
    await storage.tagChecks.forgetCheck(name, tag);
  }
  const evicted = isWhole ? images : images.filter((image) => image.digest === (digest ?? onlyTagOf(image, tag)));
  const unfinished = await dropUnfinished(storage, name, [digest, ...evicted.flatMap(({ manifests }) => manifests)]);
  const plan = new EvictionPlan(images, new Map());
  const freed = await removeImages(
    storage,
    evicted.map((image) => plan.evict(image)),
  );
  if (isWhole) await removeCachedRepository(storage, name);
  return freed + unfinished;
}

/**
 * Deletes what ended downloads left of blobs that the manifests reference, or of these digests: an operator who deletes
 * an image expects the next pull to start from nothing.
 */
async function dropUnfinished(
  storage: Storage,
  name: RepositoryName,
  digests: readonly (Digest | undefined)[],
): Promise<number> {
  const wanted = new Set(digests);
  for (const digest of digests) {
    const content = digest && (await storage.manifests.uncached.readContent(name, digest));
    for (const blob of content?.blobs ?? []) wanted.add(blob.digest);
  }
  let freed = 0;
  for (const download of await storage.downloads.list()) {
    if (wanted.has(download.digest) && (await storage.downloads.discard(download))) freed += download.size;
  }
  return freed;
}

/** The image that no tag points to once this tag is deleted. */
function onlyTagOf(image: CachedImage, tag: Tag | undefined): Digest | undefined {
  return tag !== undefined && image.tags.size === 1 && image.tags.get(tag) === image.digest ? image.digest : undefined;
}
