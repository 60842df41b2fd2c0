import type { CachedImage } from "../../images/images.js";
import { removeUnlinked, withRemovalNoted } from "../../storage/content/unlinked-blobs.js";
import type { Storage } from "../../storage/storage.js";

/**
 * Deletes images, and the bytes that nothing needs any more. The caller must hold the eviction lock.
 * @returns the number of bytes freed
 */
export function removeImages(storage: Storage, images: readonly CachedImage[]): Promise<number> {
  const digests = images.flatMap(({ manifests, blobs }) => [...manifests, ...blobs]);
  return withRemovalNoted(storage, digests, async () => {
    for (const image of images) await unlinkImage(storage, image);
    return removeUnlinked(storage, digests);
  });
}

/**
 * Removes an image from its repository, not its bytes. Tags first, then manifests, then blobs: a client that pulls
 * meanwhile finds all of it, or the upstream is asked; half of it is never served as if it were complete.
 */
async function unlinkImage(storage: Storage, { name, tags, manifests, blobs }: CachedImage): Promise<void> {
  const repository = storage.repository(name);
  for (const [tag, digest] of tags) {
    // A tag that was moved meanwhile belongs to another image.
    if (await storage.tags.removal.removeIfAt(name, tag, digest)) await storage.tagChecks.forgetCheck(name, tag);
  }
  for (const digest of manifests) await repository.removeManifest(digest);
  // In parallel: each waits for the disk, and their order does not matter.
  await Promise.all(blobs.map((digest) => repository.removeBlob(digest)));
}
