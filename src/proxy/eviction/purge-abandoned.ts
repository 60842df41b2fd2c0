import type { Logger } from "../../observability/logger.js";
import type { Storage } from "../../storage/storage.js";

/** An unfinished download that no client resumed for this time is deleted. */
const resumableForMs = 24 * 60 * 60_000;

export async function purgeAbandoned(storage: Storage, log: Logger): Promise<void> {
  for (const download of await storage.downloads.list()) {
    if (Date.now() - download.modifiedMs < resumableForMs) continue;
    if (!(await storage.downloads.discard(download))) continue;
    log.info("abandoned download purged", { digest: download.digest, bytes: download.size });
  }
}
