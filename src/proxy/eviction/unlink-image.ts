import type { CachedImage } from "../../images/images.js";
import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../../storage/storage.js";

/**
 * Takes an image out of its repository; its bytes are still there. Tags go first, then manifests, then blobs: so who
 * pulls meanwhile finds all of it, or has to ask the upstream, and never half of it as if it were whole.
 */
export async function unlinkImage(storage: Storage, { name, tags, manifests, blobs }: CachedImage): Promise<void> {
  for (const [tag, digest] of tags) {
    // What was moved meanwhile belongs to another image.
    if (await storage.tags.removeIfAt(name, tag, digest)) await storage.cache.forgetCheck(name, tag);
  }
  for (const digest of manifests) await unlinkManifest(storage, name, digest);
  // Together: each waits for the disk, and their order does not matter.
  await Promise.all(blobs.map((digest) => storage.unlinkBlob(name, digest)));
}

async function unlinkManifest(storage: Storage, name: RepositoryName, digest: Digest): Promise<void> {
  const content = await storage.manifests.readContent(name, digest);
  await storage.unlinkManifest(name, digest);
  if (content?.subject !== undefined) await storage.referrers.remove(name, content.subject, digest);
  if (content?.mediaType === undefined) await storage.cache.forgetType(name, digest);
  await storage.uses.forget(name, digest);
}
