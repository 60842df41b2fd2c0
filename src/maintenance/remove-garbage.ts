import type { RepositoryName } from "../oci/repository-name.js";
import { layout } from "../storage/layout.js";
import { removeRecordsOfGone, removeRepository } from "../storage/repository-removal.js";
import type { Storage } from "../storage/storage.js";
import { clearAside, removeUnlinked } from "../storage/unlinked-blobs.js";
import type { Garbage, RepositoryGarbage } from "./find-garbage.js";

/**
 * Removes links before the bytes that they lead to, so that whatever it is cut off at is garbage for the next time, too.
 * @param isAlone nobody else works on the storage: only then a repository as a whole can go
 * @returns how many bytes went
 */
export async function removeGarbage(storage: Storage, garbage: Garbage, isAlone: boolean): Promise<number> {
  await clearAside(storage);
  for (const repository of garbage.repositories) {
    if (repository.isEmptied && isAlone) await removeRepository(storage.driver, repository.name);
    else await removeLinks(storage, repository);
  }
  if (isAlone) await removeRecordsOfGone(storage.driver);
  return removeUnlinked(storage, garbage.blobs);
}

async function removeLinks(storage: Storage, { name, manifests, layers }: RepositoryGarbage): Promise<void> {
  if (manifests.length > 0) await storage.tags.forget(name, new Set(manifests));
  for (const digest of manifests) {
    await storage.driver.remove(layout.revision(name, digest));
    await storage.uses.forget(name, digest);
  }
  await removeDanglingReferrers(storage, name);
  for (const digest of layers) await storage.driver.remove(layout.layer(name, digest));
}

/** Those that went, and those that the collection of another program left. */
async function removeDanglingReferrers(storage: Storage, name: RepositoryName): Promise<void> {
  for (const subject of await storage.referrers.subjects(name)) {
    for (const digest of await storage.referrers.list(name, subject))
      if (!(await storage.manifests.has(name, digest))) await storage.referrers.remove(name, subject, digest);
    const left = await storage.referrers.list(name, subject);
    if (left.length === 0) await storage.driver.remove(layout.referrers(name, subject));
  }
}
