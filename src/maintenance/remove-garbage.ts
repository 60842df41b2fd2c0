import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { removeRecordsOfGone, removeRepository } from "../storage/content/repository-removal.js";
import { clearAside, withEvictionLock } from "../storage/content/unlinked-blobs.js";
import { layout } from "../storage/layout.js";
import type { Storage } from "../storage/storage.js";
import type { Garbage, RepositoryGarbage } from "./find-garbage.js";

/** A removal of many is one order to the disk, and costs it little more than that of one. */
const removedAtOnce = 500;

/**
 * Removes links before the bytes that they lead to, so that whatever it is cut off at is garbage for the next time, too.
 * Only for who is alone with the storage.
 * @returns how many bytes went
 */
export async function removeGarbage(storage: Storage, garbage: Garbage): Promise<number> {
  for (const repository of garbage.repositories) {
    if (repository.isEmptied) await removeRepository(storage.driver, repository.name);
    else await removeLinks(storage, repository);
  }
  await removeRecordsOfGone(storage.driver);
  return withEvictionLock(storage, async () => {
    await clearAside(storage);
    await removeAll(storage, garbage.blobs.map(layout.blobFolder));
    return garbage.bytes;
  });
}

async function removeLinks(storage: Storage, { name, manifests, layers }: RepositoryGarbage): Promise<void> {
  if (manifests.length > 0) await storage.tags.forget(name, new Set(manifests));
  await removeAll(
    storage,
    manifests.flatMap((digest) => [layout.revision(name, digest), layout.tagged(name, digest)]),
  );
  for (const digest of manifests) await storage.uses.forget(name, digest);
  await removeDanglingReferrers(storage, name);
  await removeAll(
    storage,
    layers.map((digest) => layout.layer(name, digest)),
  );
}

/** Those that went, and those that the collection of another program left. */
async function removeDanglingReferrers(storage: Storage, name: RepositoryName): Promise<void> {
  for (const subject of await storage.referrers.subjects(name)) {
    const isDangling = async (digest: Digest) => !(await storage.manifests.has(name, digest));
    for (const digest of await storage.referrers.list(name, subject))
      if (await isDangling(digest)) await storage.referrers.remove(name, subject, digest);
    const left = await storage.referrers.list(name, subject);
    if (left.length === 0) await storage.driver.remove(layout.referrers(name, subject));
  }
}

async function removeAll(storage: Storage, keys: readonly string[]): Promise<void> {
  for (let start = 0; start < keys.length; start += removedAtOnce)
    await storage.driver.remove(...keys.slice(start, start + removedAtOnce));
}
