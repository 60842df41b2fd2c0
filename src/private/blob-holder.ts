import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Access } from "../registry/access.js";
import type { Storage } from "../storage/storage.js";
import type { NameResolution } from "./name-resolution.js";

interface Mounting {
  readonly from: RepositoryName | undefined;
  readonly resolution: NameResolution;
  readonly access: Access | undefined;
}

/**
 * The number of repositories searched for a blob whose holder is unknown. A mount is only a saving: without one, the
 * client uploads the blob (distribution-spec, "Mounting a blob from another repository").
 */
const mostLookedAt = 100;

/**
 * Finds a repository that a blob can be mounted from.
 * @param from the repository that the client names; without it, any
 */
export async function findHolder(
  storage: Storage,
  digest: Digest,
  { from, resolution, access }: Mounting,
): Promise<RepositoryName | undefined> {
  // If the blob is not stored, no repository needs to be searched.
  if ((await storage.blobs.size(digest)) === undefined) return undefined;
  const isSource = from === undefined ? async () => true : resolution.sourcesBeside(from);
  const isHolder = async (name: RepositoryName) =>
    (await storage.repository(name).findBlob(digest))?.content === digest &&
    access?.may("pull", name) !== false &&
    (await resolution.mayBeReadFrom(name));
  if (from !== undefined && (await isHolder(resolution.sourceOf(from)))) return resolution.sourceOf(from);
  if (isSource === undefined) return undefined;
  for await (const candidate of likelyHolders(storage, digest)) {
    if ((await isSource(candidate)) && (await isHolder(candidate))) return candidate;
  }
  return undefined;
}

/** First the repositories that this process knows to hold it, then some of all. */
async function* likelyHolders(storage: Storage, digest: Digest): AsyncIterable<RepositoryName> {
  yield* storage.holders.known(digest);
  let lookedAt = 0;
  for await (const { name } of storage.index.repositories()) {
    yield name;
    if (++lookedAt === mostLookedAt) return;
  }
}
