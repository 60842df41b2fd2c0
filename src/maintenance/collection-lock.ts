import { LockError } from "../oci/storage-error.js";
import type { Storage } from "../storage/storage.js";

/** Only one collection runs at a time. */
const runLock = "collection";

/** Held by a collection that has the storage to itself. */
const aloneLock = "garbage collection";

/** A collection beside servers may take hours. */
const longestWaitMs = 30_000;

/** Why a collection cannot run, or a server cannot start beside one, in a sentence for the user. */
export class CollectionError extends Error {
  override readonly name = "CollectionError";
}

/**
 * Begins to use a storage, as a server does. Either this sees a collection that counts on having the storage to itself,
 * and waits a little for its end, or the collection sees this, and does not count on that.
 * @returns a function that ends the use
 * @throws CollectionError
 */
export async function beginWork(storage: Storage): Promise<() => Promise<void>> {
  const end = await storage.markWork();
  try {
    await withLock(storage, aloneLock, async () => {});
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}

/** How a collection runs. */
interface Ways<Result> {
  /** If nothing uses the storage, and nothing begins to while this runs. */
  readonly alone?: (lost: AbortSignal) => Promise<Result>;
  /** Otherwise. */
  readonly beside: (lost: AbortSignal) => Promise<Result>;
}

/**
 * Runs a collection while no other runs.
 * @throws CollectionError
 */
export function whileCollecting<Result>(storage: Storage, { alone, beside }: Ways<Result>): Promise<Result> {
  return withLock(storage, runLock, async (lost) => {
    if (alone === undefined) return beside(lost);
    const result = await withLock(storage, aloneLock, async (alsoLost) =>
      (await storage.isWorkedOn()) ? undefined : { is: await alone(AbortSignal.any([lost, alsoLost])) },
    );
    return result === undefined ? beside(lost) : result.is;
  });
}

async function withLock<Result>(
  storage: Storage,
  name: string,
  action: (lost: AbortSignal) => Promise<Result>,
): Promise<Result> {
  try {
    return await storage.withLock(name, action, { waitMs: longestWaitMs });
  } catch (error) {
    if (!(error instanceof LockError) || error.reason !== "held") throw error;
    throw new CollectionError("a garbage collection of this storage is running; try again when it has ended", {
      cause: error,
    });
  }
}
