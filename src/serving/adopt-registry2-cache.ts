import type { Config } from "../config/schema.js";
import type { Logger } from "../observability/logger.js";
import type { Storage } from "../storage/storage.js";

/**
 * Takes over what a registry:2 cached in the folder, if the configuration says that it was a cache of the default
 * upstream.
 */
export async function adoptRegistry2Cache({ mode, proxy }: Config, storage: Storage, log: Logger): Promise<void> {
  // A registry:2 has one upstream, and stores its repositories under their bare names.
  const upstream = proxy.upstreams.find(({ name, adopt }) => adopt && name === proxy.default);
  if (mode === "private" || upstream === undefined) return;
  if (!(await storage.scheduler.exists())) return;
  if (mode === "hybrid") log.warn("do not run registry:2 as a cache on this folder any more", { reason: expiry });
  const { adoptScheduled } = await import("../proxy/adoption.js");
  try {
    await adoptScheduled(storage, upstream.name, log);
  } catch (cause) {
    // A full disk keeps no one from pulling: the upstream is then asked, repository by repository.
    log.error("the cache of registry:2 could not be taken over", { cause });
  }
}

const expiry = "it deletes expired blobs, even those that a pushed image needs";
