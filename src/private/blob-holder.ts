import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";
import type { NameMeanings } from "./name-meanings.js";

/**
 * A repository that a blob can be mounted from.
 * @param from the one that the client names; any if it names none (distribution-spec, "Mounting a blob from another repository")
 */
export async function findHolder(
  storage: Storage,
  digest: Digest,
  { from, meanings }: { readonly from: RepositoryName | undefined; readonly meanings: NameMeanings },
): Promise<RepositoryName | undefined> {
  // What lies nowhere, or under another digest only, is not looked for in every repository.
  if ((await storage.blobs.size(digest)) === undefined) return undefined;
  const candidates = from === undefined ? await storage.catalog.holders() : await meanings.sourcesOf(from);
  for (const candidate of candidates) {
    if ((await storage.findBlob(candidate, digest))?.content !== digest) continue;
    if (await meanings.mayBeReadFrom(candidate)) return candidate;
  }
  return undefined;
}
