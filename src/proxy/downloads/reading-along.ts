import { setTimeout as delay } from "node:timers/promises";
import type { StagedStat } from "../../storage/staging.js";
import type { Storage } from "../../storage/storage.js";
import type { AskOptions } from "../../upstream/upstream.js";
import type { BlobOrder } from "./blob-order.js";

/** How often a download that waits for another one looks how far that has come. */
const lookEachMs = 50;

/** What another download has written of the same blob. */
export interface SeenDownload extends StagedStat {
  /** Bytes of the whole blob, if the one that downloads has heard. */
  readonly whole: number | undefined;
}

/**
 * Looks again and again how far a download of the same blob has come that runs for another repository, or in another
 * process. What that one gets is this one's only if its own upstream has it: that is asked before anything is told.
 * @throws what the upstream answers
 */
export async function* lookAlong(
  storage: Storage,
  { upstream, remoteName, digest }: BlobOrder,
  asking: AskOptions,
  stop: AbortSignal,
): AsyncGenerator<SeenDownload, void, void> {
  const staged = storage.downloads.staged(digest);
  let isProved = false;
  for (;;) {
    // First, since hardly ever another one has the lock.
    await delay(lookEachMs, undefined, { signal: stop });
    const stat = await staged.stat();
    if (stat === undefined) continue;
    const whole = await storage.downloads.size(digest);
    if (!isProved) await upstream.headBlob(remoteName, digest, { ...asking, signal: stop, knownSize: whole });
    isProved = true;
    if (stop.aborted) return;
    yield { ...stat, whole };
  }
}
