import type { Logger } from "../../observability/logger.js";
import type { Storage } from "../../storage/storage.js";
import { claim } from "../ownership.js";
import type { BlobOrder } from "./blob-transfer.js";

/**
 * Makes bytes that came for another repository this one's, which they are only if its upstream has them there, too.
 * @returns how many, unless there are none; they may have been evicted before they were linked
 */
export async function linkStored(
  storage: Storage,
  { upstream, remoteName, name, digest, via }: BlobOrder,
  signal: AbortSignal,
  log: Logger,
): Promise<number | undefined> {
  const size = await storage.blobs.size(digest);
  if (size === undefined) return undefined;
  await upstream.headBlob(remoteName, digest, { signal, log, via });
  await claim(storage, name, upstream.name);
  return (await storage.linkBlob(name, digest)) ? size : undefined;
}
