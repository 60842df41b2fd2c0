import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { TrashedLink } from "../storage/content/trash.js";
import type { Storage } from "../storage/storage.js";

/** What to bring back from the trash; without a digest, everything of the repository. */
export interface UndeleteTarget {
  readonly name: RepositoryName;
  readonly digest: Digest | undefined;
}

/** The links in the trash, the oldest first. */
export async function trashedLinks(storage: Storage): Promise<TrashedLink[]> {
  const links: TrashedLink[] = [];
  for await (const record of storage.trash.records()) if ("link" in record) links.push(record);
  return links.sort((one, other) => one.sinceMs - other.sinceMs);
}

/**
 * Brings content back that a collection removed: what a manifest references before the manifest itself. Each link is
 * claimed again, so no collection takes it before `maintenance.gc.claim` and the grace are over.
 * @returns the links that are back
 */
export async function undelete(storage: Storage, target: UndeleteTarget): Promise<TrashedLink[]> {
  const ofRepository = (await trashedLinks(storage)).filter(({ link }) => link.name === target.name);
  const wanted =
    target.digest === undefined ? ofRepository : await withReferences(storage, ofRepository, target.digest);
  const blobsFirst = wanted.toSorted((one, other) => one.link.kind.localeCompare(other.link.kind));
  for (const { link, content } of blobsFirst) await storage.contentLinks.restore(link, content);
  if (blobsFirst.some(({ link }) => link.kind === "manifest")) await storage.index.announce(target.name, "manifests");
  return blobsFirst;
}

/** The link of a digest, and those of everything that it references, directly or not. */
async function withReferences(
  storage: Storage,
  trashed: readonly TrashedLink[],
  digest: Digest,
): Promise<readonly TrashedLink[]> {
  const wanted = new Set<Digest>([digest]);
  // Iterating a set includes what is added meanwhile.
  for (const each of wanted) {
    for (const { link, content } of trashed) {
      if (link.digest !== each || link.kind !== "manifest") continue;
      for (const named of (await storage.manifests.uncached.readStored(each, content))?.names ?? []) wanted.add(named);
    }
  }
  return trashed.filter(({ link }) => wanted.has(link.digest));
}
