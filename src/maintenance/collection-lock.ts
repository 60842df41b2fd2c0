import { LockError } from "../oci/storage-error.js";
import type { Storage } from "../storage/storage.js";

const lockName = "garbage collection";

/** Why a collection cannot run, or nobody can work beside it, in a sentence for who asked. */
export class CollectionError extends Error {
  override readonly name = "CollectionError";
}

/**
 * Begins to work on a storage, as a server does. Either this sees a collection that runs, and waits a little for its end, or
 * that sees this, and does not begin.
 * @returns what ends the work
 * @throws CollectionError
 */
export async function beginWork(storage: Storage): Promise<() => Promise<void>> {
  const end = await storage.markWork();
  try {
    await withCollectionLock(storage, async () => {});
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * Runs a collection while no other runs and nobody works on the storage: what a push found here, and so did not send,
 * could be removed before its manifest comes.
 * @throws CollectionError
 */
export function whileCollecting<Result>(storage: Storage, collect: () => Promise<Result>): Promise<Result> {
  return withCollectionLock(storage, async () => {
    if (await storage.isWorkedOn()) throw new CollectionError(servedMessage);
    return collect();
  });
}

const servedMessage =
  "a Berth serves this data directory, and a collection beside it could remove what is being pushed: stop it first. (One that ended in another container or machine counts for half a minute yet.)";

async function withCollectionLock<Result>(storage: Storage, action: () => Promise<Result>): Promise<Result> {
  try {
    return await storage.withLock(lockName, action);
  } catch (error) {
    if (!(error instanceof LockError) || error.reason !== "held") throw error;
    throw new CollectionError("a garbage collection of this data directory runs; try again when it has ended", {
      cause: error,
    });
  }
}
