import type { Digest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { Storage } from "../../storage/storage.js";

/**
 * The images of a repository that need some digests, by digest. Only called if something is wrong, since it reads all
 * manifests of the repository once more.
 */
export async function imagesThatNeed(
  storage: Storage,
  name: RepositoryName,
  wanted: ReadonlySet<Digest>,
): Promise<ReadonlyMap<Digest, readonly string[]>> {
  const { users, parents } = await referencesOf(storage, name, wanted);
  const tags = await tagsByDigest(storage, name);
  const images = new Map<Digest, readonly string[]>();
  for (const [digest, manifests] of users) {
    const needing = withParents(manifests, parents);
    const tagged = [...needing].flatMap((manifest) => tags.get(manifest) ?? []);
    const untagged = [...manifests].map((manifest) => `${name}@${manifest}`);
    images.set(digest, tagged.length > 0 ? tagged.sort().map((tag) => `${name}:${tag}`) : untagged.sort());
  }
  return images;
}

interface References {
  /** Manifests that reference a wanted digest, or have it. */
  readonly users: ReadonlyMap<Digest, ReadonlySet<Digest>>;
  /** Indexes by their children. */
  readonly parents: ReadonlyMap<Digest, readonly Digest[]>;
}

async function referencesOf(storage: Storage, name: RepositoryName, wanted: ReadonlySet<Digest>): Promise<References> {
  const users = new Map<Digest, Set<Digest>>();
  const parents = new Map<Digest, Digest[]>();
  for (const manifest of await storage.index.manifests(name)) {
    const reading = await storage.manifests.uncached.readContent(name, manifest);
    for (const digest of [manifest, ...(reading?.names ?? [])]) {
      if (!wanted.has(digest)) continue;
      const found = users.get(digest) ?? new Set();
      users.set(digest, found.add(manifest));
    }
    for (const child of reading?.manifests ?? []) append(parents, child.digest, manifest);
  }
  return { users, parents };
}

/** Iterating a set includes what is added meanwhile, so a cycle of indexes ends. */
function withParents(manifests: ReadonlySet<Digest>, parents: References["parents"]): ReadonlySet<Digest> {
  const all = new Set(manifests);
  for (const manifest of all) for (const parent of parents.get(manifest) ?? []) all.add(parent);
  return all;
}

async function tagsByDigest(storage: Storage, name: RepositoryName): Promise<Map<Digest, Tag[]>> {
  const tags = new Map<Digest, Tag[]>();
  for await (const { tag, digest } of storage.tags.targets(name)) {
    if (digest !== undefined) append(tags, digest, tag);
  }
  return tags;
}

function append<Item>(lists: Map<Digest, Item[]>, digest: Digest, item: Item): void {
  const list = lists.get(digest);
  if (list === undefined) lists.set(digest, [item]);
  else list.push(item);
}
