import type { Cluster } from "../cluster/cluster.js";
import type { Storage } from "../storage/storage.js";
import { type OpenUploadLimits, OpenUploads } from "./open-uploads.js";
import { RunningHashes } from "./running-hashes.js";

/**
 * What this process knows about the sessions it works on. It can all be lost: the bytes are then hashed again. Shared
 * by all repositories, since session ids are unique.
 */
export class RunningUploads {
  readonly hashes: RunningHashes;
  /** The connections that are sending; a newer request for the same session aborts the older one. */
  readonly senders = new Map<string, AbortController>();
  readonly open: OpenUploads;

  constructor(storage: Storage, limits: OpenUploadLimits, cluster?: Cluster) {
    this.hashes = new RunningHashes(cluster);
    this.open = new OpenUploads(limits, async (name, id) => {
      if (!(await storage.uploads.removeIfEmpty(name, id))) return "has bytes";
      this.hashes.forget(id);
      return "removed";
    });
  }
}
