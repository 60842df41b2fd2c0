import { type Digest, isDigest } from "../../oci/digest.js";
import { isOutOfRoom } from "../../oci/storage-error.js";
import { layout } from "../layout.js";
import type { Storage } from "../storage.js";
import { linkedAnywhere } from "./content-index.js";

/*
 * How bytes go while others may link them at the same time, in this process or another, without a lock that each push
 * would have to take:
 *
 *   who removes:  1. sets the bytes aside, in one atomic step   2. looks at the links of all repositories
 *                 3. puts the bytes back if there is one, else removes them
 *   who links:    1. writes the link                            2. looks whether the bytes are in their place
 *                 3. else puts them back from aside, and if they are gone there, too, has nothing linked
 *
 * Either the link was written before the bytes were set aside, and is seen in the second step; or it was written after,
 * and then who wrote it sees that the bytes are not in their place. So at least one of both sees the other. Who
 * reads meanwhile finds the bytes aside (`wherever` in `blob-store.ts`), and open readers go on whatever happens.
 */

const changesAtOnce = 8;

/** A million digests. */
const longestNote = 136_000_000;

/** One removes at a time, in whichever process. */
export function withEvictionLock<Result>(
  storage: Storage,
  action: (lost: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return storage.driver.withLock("eviction", action);
}

/** Removes bytes that no repository has a link to, and of the digests no others. @returns how many bytes went */
export async function removeUnlinked(storage: Storage, digests: Iterable<Digest>): Promise<number> {
  const candidates = new Set(digests);
  // A look beforehand: what is linked is hardly ever disturbed.
  for (const digest of await linkedAnywhere(storage.index, candidates)) candidates.delete(digest);
  const aside = new Map<Digest, number>();
  await severalAtOnce(candidates, async (digest) => {
    const size = await storage.blobs.setAside(digest);
    if (size !== undefined) aside.set(digest, size);
  });
  return removeAside(storage, aside);
}

/**
 * Notes which digests lose links until the action has ended: bytes without any link are found by nothing but a garbage
 * collection, so an eviction that is killed in between must leave word of them. Only for who has the lock of evictions.
 */
export async function withRemovalNoted<Result>(
  storage: Storage,
  digests: readonly Digest[],
  action: () => Promise<Result>,
): Promise<Result> {
  try {
    await storage.driver.write({ key: layout.removalNote, content: Buffer.from(digests.join("\n")) });
  } catch (error) {
    // Room is what the action makes.
    if (!isOutOfRoom(error)) throw error;
  }
  const result = await action();
  await storage.driver.remove(layout.removalNote);
  return result;
}

/** Whether an eviction was killed, or one runs. */
export async function isAnythingLeft(storage: Storage): Promise<boolean> {
  if ((await storage.driver.stat(layout.removalNote)) !== undefined) return true;
  return (await storage.blobs.listAside()).length > 0;
}

/** Removes what an eviction that was killed has left, or puts it back. Only for who has the lock of evictions. */
export async function clearAside(storage: Storage): Promise<void> {
  const noted = (await storage.driver.read(layout.removalNote, longestNote))?.toString().split("\n").filter(isDigest);
  if (noted !== undefined) {
    await removeUnlinked(storage, noted);
    await storage.driver.remove(layout.removalNote);
  }
  await removeAside(storage, new Map((await storage.blobs.listAside()).map((digest) => [digest, 0])));
}

/** What an eviction that was killed has set aside and somebody has linked gets its place again: no lock is needed to do that. */
export async function restoreAside(storage: Storage): Promise<void> {
  const aside = new Set(await storage.blobs.listAside());
  try {
    for (const digest of await linkedAnywhere(storage.index, aside)) await storage.blobs.putBack(digest);
  } catch (error) {
    // Where nothing can be changed it is served from aside.
    if (!isOutOfRoom(error)) throw error;
  }
}

async function removeAside(storage: Storage, aside: ReadonlyMap<Digest, number>): Promise<number> {
  if (aside.size > 0) await storage.listsSettled();
  const linked = await linkedAnywhere(storage.index, new Set(aside.keys()));
  let freed = 0;
  await severalAtOnce(aside.keys(), async (digest) => {
    if (linked.has(digest)) {
      await storage.blobs.putBack(digest);
    } else {
      await storage.blobs.removeAside(digest);
      freed += aside.get(digest) ?? 0;
    }
  });
  return freed;
}

/** Changes of the disk that wait for it at the same time wait less. */
async function severalAtOnce(digests: Iterable<Digest>, change: (digest: Digest) => Promise<void>): Promise<void> {
  const waiting = digests[Symbol.iterator]();
  const takeTurns = async () => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) await change(next.value);
  };
  await Promise.all(Array.from({ length: changesAtOnce }, takeTurns));
}
