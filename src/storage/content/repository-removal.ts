import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { isOfRepository, layout } from "../layout.js";
import type { Storage } from "../storage.js";
import { removeTagsOfSubjects } from "./fallback-referrers.js";

/** What can be removed from a repository, since nothing that is kept needs it. */
interface Unneeded {
  readonly manifests: readonly Digest[];
  readonly blobs: readonly Digest[];
}

/** Removing many is one order to the disk, and costs little more than removing one. */
const removedAtOnce = 500;

/**
 * Removes content that no tag, and nothing that is kept, needs. Only for a caller with exclusive use of the storage: it
 * does not check whether anything came back meanwhile.
 */
export async function removeUnneeded(
  storage: Storage,
  name: RepositoryName,
  { manifests, blobs }: Unneeded,
): Promise<void> {
  const { referrers, tags, uses } = storage;
  if (manifests.length > 0) {
    await removeTagsOfSubjects(storage, name, new Set(manifests));
    await tags.removal.forget(name, new Set(manifests));
  }
  const records = manifests.flatMap((digest) => [layout.revision(name, digest), layout.tagged(name, digest)]);
  await removeKeys(storage, records);
  for (const digest of manifests) await uses.forget(name, digest);
  await referrers.removeDangling(name, (digest) => storage.manifests.isLinked(name, digest));
  const layers = blobs.map((digest) => layout.layer(name, digest));
  await removeKeys(storage, layers);
}

async function removeKeys(storage: Storage, keys: readonly string[]): Promise<void> {
  for (let start = 0; start < keys.length; start += removedAtOnce)
    await storage.driver.remove(...keys.slice(start, start + removedAtOnce));
}

/** Removes everything in the repository, and nothing of the repositories below it. */
export async function removeRepository({ driver }: Storage, name: RepositoryName): Promise<void> {
  const folder = layout.repository(name);
  const children = await driver.list(folder);
  if (children.every(isOfRepository)) return driver.remove(folder);
  for (const child of children.filter(isOfRepository)) await driver.remove(`${folder}/${child}`);
}

/**
 * Removes the rest of a cached repository, and finally the record of its upstream: until then no client can push to it,
 * so nothing that was pushed is removed.
 */
export async function removeCachedRepository(storage: Storage, name: RepositoryName): Promise<void> {
  for (const folder of [layout.manifests, layout.layers, layout.allReferrers, layout.allTagged, layout.allTagChanges])
    await storage.driver.remove(folder(name));
  await storage.owners.forgetOwner(name);
  await storage.index.noteRemoval(name);
}
