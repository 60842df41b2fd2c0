import { setTimeout as delay } from "node:timers/promises";
import type { StagedStat } from "../../storage/staging.js";
import type { Storage } from "../../storage/storage.js";
import type { RequestOptions } from "../../upstream/upstream-client.js";
import type { WantedBlob } from "./wanted-blob.js";

/** How often a waiting download checks the progress of the other one. */
const lookEachMs = 50;

/** The progress of another download of the same blob. */
export interface OtherProgress extends StagedStat {
  /** Bytes of the whole blob, if the other download knows them. */
  readonly whole: number | undefined;
}

/**
 * Reports the progress of a download of the same blob for another repository, or in another process. Its bytes may be
 * used here only if this repository's own upstream has the blob: that is checked before anything is reported.
 * @throws the upstream's failure
 */
export async function* followOther(
  storage: Storage,
  { client, remoteName, digest }: WantedBlob,
  options: RequestOptions,
  stop: AbortSignal,
): AsyncGenerator<OtherProgress, void, void> {
  const staged = storage.downloads.staged(digest);
  let isProved = false;
  for (;;) {
    // Before the first check, since another download rarely has the lock.
    await delay(lookEachMs, undefined, { signal: stop });
    const stat = await staged.stat();
    if (stat === undefined) continue;
    const whole = await storage.downloads.size(digest);
    if (!isProved) await client.headBlob(remoteName, digest, { ...options, signal: stop, knownSize: whole });
    isProved = true;
    if (stop.aborted) return;
    yield { ...stat, whole };
  }
}
