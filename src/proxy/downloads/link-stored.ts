import type { Storage } from "../../storage/storage.js";
import type { AskOptions } from "../../upstream/upstream.js";
import type { CachedHolders } from "../cached-holders.js";
import { claim } from "../ownership.js";
import type { BlobOrder } from "./blob-order.js";

/**
 * Links bytes that were stored for another repository, once this repository's upstream confirms that it has them.
 * @returns their number; `undefined` if none may be linked, or they were evicted meanwhile
 * @throws the upstream's failure
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
