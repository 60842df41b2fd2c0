import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import { linkedBlobs } from "../storage/content/linked-content.js";
import { layout } from "../storage/layout.js";
import type { Storage } from "../storage/storage.js";
import { type ManifestMark, markManifests } from "./manifest-mark.js";
import type { MarkRules } from "./mark-rules.js";

/** What of a repository stays, and what can go. */
export interface RepositoryMark extends ManifestMark {
  readonly name: RepositoryName;
  /** Links to blobs that no manifest of the repository names. */
  readonly unnamedLayers: readonly Digest[];
  /** Nothing of it stays, and nobody is pushing to it. */
  readonly isEmptied: boolean;
}

/** @param marked gets every digest under which bytes lie that stay for this repository */
export async function markRepository(
  storage: Storage,
  name: RepositoryName,
  rules: MarkRules,
  marked: Set<Digest>,
): Promise<RepositoryMark> {
  const mark = await markManifests(storage, name, rules);
  const blobs = await linkedBlobs(storage, name);
  const needed = await neededContent(storage, name, mark, blobs);
  for (const digest of needed) marked.add(digest);
  const unnamedLayers = blobs.filter((digest) => !needed.has(digest));
  const isEmptied = mark.kept.size === 0 && unnamedLayers.length === blobs.length && (await isUnused(storage, name));
  return { ...mark, name, unnamedLayers, isEmptied };
}

/** All that the manifests that stay name, and what cannot go for another reason. */
async function neededContent(
  storage: Storage,
  name: RepositoryName,
  { named, isUnreadable }: ManifestMark,
  blobs: readonly Digest[],
): Promise<Set<Digest>> {
  const needed = new Set(named);
  for (const digest of blobs) {
    const key = layout.layerLink(name, digest);
    if (!isUnreadable && !named.has(digest)) continue;
    needed.add(digest);
    // Distribution links sha512 to what lies below sha256, and serves it only as long as that is linked, too.
    const content = await storage.links.find(key);
    if (content !== undefined) needed.add(content);
  }
  return needed;
}

async function isUnused(storage: Storage, name: RepositoryName): Promise<boolean> {
  const tags = await storage.tags.list(name);
  const uploads = await storage.driver.list(layout.uploads(name));
  return tags.length === 0 && uploads.length === 0;
}
