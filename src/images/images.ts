import type { Digest } from "../oci/digest.js";
import type { ManifestReading } from "../oci/manifest-reading.js";
import type { Tag } from "../oci/reference.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";

/**
 * The unit of storage and eviction: a manifest that no other manifest of its repository references, and all its
 * content.
 */
export interface CachedImage {
  readonly name: RepositoryName;
  readonly upstream: string;
  /** Of the manifest; `undefined` for blobs of a repository that none of its manifests references. */
  readonly digest: Digest | undefined;
  readonly tags: ReadonlyMap<Tag, Digest>;
  /** Digests in the repository: the manifest, and the manifests that it references, directly or not. */
  readonly manifests: readonly Digest[];
  readonly blobs: readonly Digest[];
  /** When one of its manifests was last served, in milliseconds since 1970; 0 if unknown. */
  readonly usedMs: number;
}

/** A repository's content, according to its links and manifests. */
interface Content {
  readonly manifests: ReadonlyMap<Digest, ManifestReading | undefined>;
  readonly tags: ReadonlyMap<Tag, Digest>;
  readonly blobs: ReadonlySet<Digest>;
}

/** The repositories whose content came from upstreams, each with its upstream; all others are private. */
export async function* cachedRepositories(storage: Storage): AsyncIterable<{ name: RepositoryName; upstream: string }> {
  for await (const { name } of storage.index.repositories()) {
    const upstream = await storage.owners.readOwner(name);
    if (upstream !== undefined) yield { name, upstream };
  }
}

/** The images of a cached repository, and finally the blobs that no manifest there references. */
export async function imagesOf(storage: Storage, name: RepositoryName, upstream: string): Promise<CachedImage[]> {
  const content = await readContent(storage, name);
  const named = new Set<Digest>();
  for (const manifest of content.manifests.values()) for (const digest of manifest?.names ?? []) named.add(digest);
  const images: CachedImage[] = [];
  const loose = new Set(content.blobs);
  for (const digest of content.manifests.keys()) {
    if (named.has(digest)) continue;
    const { manifests, blobs } = heldBelow(content, digest);
    for (const blob of blobs) loose.delete(blob);
    const tags = new Map([...content.tags].filter(([, target]) => manifests.includes(target)));
    images.push({
      name,
      upstream,
      digest,
      tags,
      manifests,
      blobs,
      usedMs: await lastUse(storage, name, manifests, tags),
    });
  }
  if (loose.size > 0)
    images.push({ name, upstream, digest: undefined, tags: new Map(), manifests: [], blobs: [...loose], usedMs: 0 });
  return images;
}

/** Reads blobs first: a pull stores the manifest before them, so none that is being pulled looks unreferenced. */
async function readContent(storage: Storage, name: RepositoryName): Promise<Content> {
  const blobs = new Set(await storage.index.blobs(name));
  const manifests = new Map<Digest, ManifestReading | undefined>();
  for (const digest of await storage.index.manifests(name)) {
    manifests.set(digest, await storage.manifests.uncached.readContent(name, digest));
  }
  const tags = new Map<Tag, Digest>();
  for (const tag of await storage.tags.list(name)) {
    const digest = await storage.tags.find(name, tag);
    if (digest !== undefined) tags.set(tag, digest);
  }
  return { manifests, tags, blobs };
}

/** A manifest and its content, as far as the repository holds it. */
function heldBelow(content: Content, root: Digest): { manifests: Digest[]; blobs: Digest[] } {
  const manifests = new Set([root]);
  const blobs = new Set<Digest>();
  // Iterating a set includes what is added meanwhile.
  for (const digest of manifests) {
    for (const named of content.manifests.get(digest)?.names ?? []) {
      // The children of an index may be blobs (BuildKit's cache), and those of an unknown type anything.
      if (content.manifests.has(named)) manifests.add(named);
      if (content.blobs.has(named)) blobs.add(named);
    }
  }
  return { manifests: [...manifests], blobs: [...blobs] };
}

/** If no use is recorded, the last confirmation by the upstream counts, which someone must have caused. */
export async function lastUse(
  storage: Storage,
  name: RepositoryName,
  manifests: readonly Digest[],
  tags: ReadonlyMap<Tag, Digest>,
): Promise<number> {
  const uses = await Promise.all([
    ...manifests.map((digest) => storage.uses.lastUse(name, digest)),
    ...[...tags.keys()].map((tag) => storage.tagChecks.readCheckedAt(name, tag)),
  ]);
  return Math.max(0, ...uses.map((use) => use ?? 0));
}
