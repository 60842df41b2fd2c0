import type { Storage } from "../../storage/storage.js";
import type { RequestOptions } from "../../upstream/upstream-client.js";
import type { CachedHolders } from "../cached-holders.js";
import { claim } from "../ownership.js";
import type { WantedBlob } from "./wanted-blob.js";

/**
 * Links bytes that were stored for another repository, once this repository's upstream confirms that it has them.
 * @returns their number; `undefined` if none may be linked, or they were evicted meanwhile
 * @throws the upstream's failure
 */
export async function linkStored(
  storage: Storage,
  holders: CachedHolders,
  { client, remoteName, name, digest }: WantedBlob,
  options: RequestOptions,
): Promise<number | undefined> {
  const size = await storage.blobs.size(digest);
  if (size === undefined || !(await holders.hold(digest))) return undefined;
  await client.headBlob(remoteName, digest, { ...options, knownSize: size });
  await claim(storage, name, client.name);
  return (await storage.repository(name).linkBlob(digest)) ? size : undefined;
}
