import { LockError } from "../oci/storage-error.js";
import type { Storage } from "../storage/storage.js";

const lockName = "garbage collection";

/** Why a collection cannot run, or a server cannot start beside one, in a sentence for the user. */
export class CollectionError extends Error {
  override readonly name = "CollectionError";
}

/**
 * Begins to use a storage, as a server does. Either this sees a running collection, and waits a little for its end, or
 * the collection sees this, and does not begin.
 * @returns a function that ends the use
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
 * Runs a collection while no other runs and nothing uses the storage: otherwise it could remove content that a push
 * found here, and so did not send, before its manifest arrives.
 * @throws CollectionError
 */
export function whileCollecting<Result>(storage: Storage, collect: () => Promise<Result>): Promise<Result> {
  return withCollectionLock(storage, async () => {
    if (await storage.isWorkedOn()) throw new CollectionError(servedMessage);
    return collect();
  });
}

const servedMessage =
  "a Berth is using this data directory, and a collection could remove what is being pushed: stop it first. (One that ended in another container or on another machine still counts for half a minute.)";

async function withCollectionLock<Result>(storage: Storage, action: () => Promise<Result>): Promise<Result> {
  try {
    return await storage.withLock(lockName, action);
  } catch (error) {
    if (!(error instanceof LockError) || error.reason !== "held") throw error;
    throw new CollectionError("a garbage collection of this data directory is running; try again when it has ended", {
      cause: error,
    });
  }
}
