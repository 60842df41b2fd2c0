import type { CachedImage } from "../../images/images.js";
import { removeUnlinked, withRemovalNoted } from "../../storage/content/unlinked-blobs.js";
import type { Storage } from "../../storage/storage.js";
import { unlinkImage } from "./unlink-image.js";

/**
 * Removes images, and the bytes that nobody needs any more. Only for who has the lock of evictions.
 * @returns how many bytes were freed
 */
export function removeImages(storage: Storage, images: readonly CachedImage[]): Promise<number> {
  const digests = images.flatMap(({ manifests, blobs }) => [...manifests, ...blobs]);
  return withRemovalNoted(storage, digests, async () => {
    for (const image of images) await unlinkImage(storage, image);
    return removeUnlinked(storage, digests);
  });
}
