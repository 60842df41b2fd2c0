import type { Storage } from "../../storage/storage.js";
import type { AskOptions } from "../../upstream/upstream.js";
import type { CachedHolders } from "../cached-holders.js";
import { claim } from "../ownership.js";
import type { BlobOrder } from "./blob-order.js";

/**
 * Makes bytes that came for another repository this one's, which they are only if its upstream has them there, too.
 * @returns how many, unless there are none that may be linked; they may have been evicted before they were linked
 * @throws what the upstream answers
 */
export async function linkStored(
  storage: Storage,
  holders: CachedHolders,
  { upstream, remoteName, name, digest }: BlobOrder,
  asking: AskOptions,
): Promise<number | undefined> {
  const size = await storage.blobs.size(digest);
  if (size === undefined || !(await holders.hold(digest))) return undefined;
  await upstream.headBlob(remoteName, digest, { ...asking, knownSize: size });
  await claim(storage, name, upstream.name);
  return (await storage.repository(name).linkBlob(digest)) ? size : undefined;
}
