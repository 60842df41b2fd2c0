import { clearAside, withEvictionLock } from "../storage/content/unlinked-blobs.js";
import type { Storage } from "../storage/storage.js";
import type { Garbage } from "./find-garbage.js";

/**
 * Removes links before the bytes that they lead to, so that after an interruption, the rest is still garbage. Only for
 * a caller that has exclusive use of the storage.
 * @returns the number of bytes removed
 */
export async function removeGarbage(storage: Storage, garbage: Garbage): Promise<number> {
  for (const { name, manifests, layers, isEmptied } of garbage.repositories) {
    const repository = storage.repository(name);
    if (isEmptied) await repository.removeAll();
    else await repository.removeUnneeded({ manifests, blobs: layers });
  }
  // Records of a repository are deleted once lists show that nothing of it is left.
  await storage.listsSettled();
  await storage.owners.forgetGone();
  return withEvictionLock(storage, async () => {
    await clearAside(storage);
    await storage.blobs.remove(garbage.blobs);
    return garbage.bytes;
  });
}
