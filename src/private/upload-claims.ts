import type { UploadStore } from "../storage/content/upload-store.js";

/** A session that is free, or in use by this process, is acquired long before. */
const claimAfterMs = 500;

/** How often the holder of a session checks whether another process claims it. */
const lookEachMs = 500;

/**
 * Works on a session exclusively, across processes. A waiting process claims the session after a moment, and its holder
 * is told: a client that reconnects through another worker need not wait for its own dead connection.
 * @param letGo called when another process claims the session
 */
export async function holdingUpload<Result>(
  uploads: UploadStore,
  id: string,
  letGo: () => void,
  action: (lost: AbortSignal) => Promise<Result>,
): Promise<Result> {
  let claimed: Promise<void> | undefined;
  // If claiming fails, the wait for the lock continues.
  const claiming = setTimeout(() => {
    claimed = uploads.claim(id).catch(() => {});
  }, claimAfterMs).unref();
  try {
    return await uploads.locked(id, async (lost) => {
      clearTimeout(claiming);
      await claimed;
      const before = await uploads.claimedAt(id);
      const watch = setInterval(() => void lookForClaim(uploads, id, before, letGo), lookEachMs).unref();
      return action(lost).finally(() => clearInterval(watch));
    });
  } finally {
    clearTimeout(claiming);
    if (claimed !== undefined) await claimed.then(() => uploads.endClaim(id));
  }
}

async function lookForClaim(uploads: UploadStore, id: string, before: number | undefined, letGo: () => void) {
  const claimedAt = await uploads.claimedAt(id);
  if (claimedAt !== undefined && claimedAt !== before) letGo();
}
