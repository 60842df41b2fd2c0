import { inParallel } from "../../foundation/in-parallel.js";
import { type Digest, isDigest } from "../../oci/digest.js";
import { isOutOfRoom } from "../../oci/storage-error.js";
import { layout } from "../layout.js";
import type { Storage } from "../storage.js";
import { linkedAnywhere } from "./content-index.js";

/*
 * How bytes are removed while others may link them at the same time, in this process or another, without a lock that
 * each push would have to take:
 *
 *   the remover:  1. sets the bytes aside, in one atomic step   2. checks the links of all repositories
 *                 3. puts the bytes back if there is a link, else removes them
 *   the linker:   1. writes the link                            2. checks whether the bytes are in their place
 *                 3. else puts them back from aside; if they are not there either, the link counts for nothing
 *
 * Either the link was written before the bytes were set aside, and step 2 of the remover sees it; or it was written
 * after, and then the linker sees that the bytes are not in their place. So at least one of them sees the other.
 * Readers meanwhile find the bytes aside (`inPlaceOrAside` in `bytes-aside.ts`), and open readers are never disturbed.
 */

const changesAtOnce = 8;

/** A million digests. */
const longestNote = 136_000_000;

export const evictionLock = "eviction";

/** Only one eviction removes at a time, across all processes. */
export function withEvictionLock<Result>(
  storage: Storage,
  action: (lost: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return storage.driver.withLock(evictionLock, action);
}

/** Removes those of the given digests that no repository links to. @returns how many bytes were freed */
export async function removeUnlinked(storage: Storage, digests: Iterable<Digest>): Promise<number> {
  const candidates = new Set(digests);
  // A check beforehand, so that linked bytes are hardly ever disturbed.
  for (const digest of await linkedAnywhere(storage.index, candidates)) candidates.delete(digest);
  const aside = new Map<Digest, number>();
  await inParallel(candidates, changesAtOnce, async (digest) => {
    const size = await storage.blobs.aside.set(digest);
    if (size !== undefined) aside.set(digest, size);
  });
  return removeAside(storage, aside);
}

/**
 * Records which digests lose links until the action has ended: only a garbage collection finds bytes without any link,
 * so an eviction that is killed in between must leave a record of them. Only for the holder of the eviction lock.
 */
export async function withRemovalNoted<Result>(
  storage: Storage,
  digests: readonly Digest[],
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    await storage.driver.write({ key: layout.removalNote, content: Buffer.from(digests.join("\n")) });
  } catch (error) {
    // The action is what makes room.
    if (!isOutOfRoom(error)) throw error;
  }
  const result = await action();
  await storage.driver.remove(layout.removalNote);
  return result;
}

/** Whether an eviction was killed, or one is running. */
export async function isAnythingLeft(storage: Storage): Promise<boolean> {
  if ((await storage.driver.stat(layout.removalNote)) !== undefined) return true;
  return (await storage.blobs.aside.list()).length > 0;
}

/** Removes what a killed eviction has left, or puts it back. Only for the holder of the eviction lock. */
export async function clearAside(storage: Storage): Promise<void> {
  const noted = (await storage.driver.read(layout.removalNote, longestNote))?.toString().split("\n").filter(isDigest);
  if (noted !== undefined) {
    await removeUnlinked(storage, noted);
    await storage.driver.remove(layout.removalNote);
  }
  await removeAside(storage, new Map((await storage.blobs.aside.list()).map((digest) => [digest, 0])));
}

/** Puts back what a killed eviction has set aside and is linked: this needs no lock. */
export async function restoreAside(storage: Storage): Promise<void> {
  const aside = new Set(await storage.blobs.aside.list());
  try {
    for (const digest of await linkedAnywhere(storage.index, aside)) await storage.blobs.aside.putBack(digest);
  } catch (error) {
    // If nothing can be changed, it is served from aside.
    if (!isOutOfRoom(error)) throw error;
  }
}

async function removeAside(storage: Storage, aside: ReadonlyMap<Digest, number>): Promise<number> {
  if (aside.size > 0) await storage.listsSettled();
  const linked = await linkedAnywhere(storage.index, new Set(aside.keys()));
  let freed = 0;
  await inParallel(aside.keys(), changesAtOnce, async (digest) => {
    if (linked.has(digest)) {
      await storage.blobs.aside.putBack(digest);
    } else {
      await storage.blobs.aside.remove(digest);
      freed += aside.get(digest) ?? 0;
    }
  });
  return freed;
}
