import type { Config } from "../../config/schema.js";
import type { Logger } from "../../observability/logger.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { openStorageAsItIs } from "../../storage/open-storage.js";
import type { Storage } from "../../storage/storage.js";

/** Opens the storage for a collection. A wrong path must not look like a registry without garbage, so it must exist. */
export async function openCollectedStorage({ storage: settings, maintenance }: Config, log: Logger): Promise<Storage> {
  if (settings.driver === "memory")
    throw new ExplainedError("storage.driver is memory: only the server itself can see its content");
  try {
    const storage = await openStorageAsItIs(settings, log);
    storage.contentLinks.claimMs = maintenance.gc.claim;
    return storage;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExplainedError(settings.driver === "s3" ? reason : `storage.filesystem.root cannot be read: ${reason}`);
  }
}
