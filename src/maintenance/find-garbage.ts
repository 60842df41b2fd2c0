import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";
import { CollectionError } from "./collection-lock.js";
import { type MarkRules, markRepository, type RepositoryMark } from "./repository-mark.js";

/** What can be deleted from a repository. */
export interface RepositoryGarbage {
  readonly name: RepositoryName;
  readonly manifests: readonly Digest[];
  /** Links to blobs that no manifest of the repository references. */
  readonly layers: readonly Digest[];
  /** Whether all of it can be deleted: nothing is kept, and no push is in progress. */
  readonly isEmptied: boolean;
}

/** Everything that can be deleted, because nothing that is kept needs it. */
export interface Garbage {
  /** Every repository, also those that are kept completely. */
  readonly repositories: readonly RepositoryGarbage[];
  /** Blobs that no repository needs, including those of manifests. */
  readonly blobs: readonly Digest[];
  readonly bytes: number;
}

/** Receives findings as they are made. */
export interface GarbageReport {
  marked(mark: RepositoryMark): void;
  /** @param marked the number of digests to keep */
  found(garbage: Garbage, marked: number): void;
}

/**
 * Finds what no tag, manifest or link needs, and changes nothing. Holds the digests of all kept content in memory:
 * about 130 MB for a million of them.
 */
export async function findGarbage(storage: Storage, rules: MarkRules, report: GarbageReport): Promise<Garbage> {
  const marked = new Set<Digest>();
  const repositories: RepositoryGarbage[] = [];
  for (const name of await repositoryNames(storage)) {
    const mark = await markRepository(storage, name, rules, marked);
    report.marked(mark);
    const { unkept: manifests, unnamedLayers: layers, isEmptied } = mark;
    repositories.push({ name, manifests, layers, isEmptied });
  }
  const garbage = { repositories, ...(await unmarkedBlobs(storage, marked)) };
  report.found(garbage, marked.size);
  return garbage;
}

async function repositoryNames(storage: Storage): Promise<RepositoryName[]> {
  const names: RepositoryName[] = [];
  const foreign: string[] = [];
  for await (const { name } of storage.index.repositories(undefined, (key) => foreign.push(key))) names.push(name);
  for (const key of foreign) await refuseIfFilled(storage, key);
  return names;
}

/** Its content may need anything, and no walk sees it. */
async function refuseIfFilled(storage: Storage, key: string): Promise<void> {
  if (!(await storage.index.isFilled(key))) return;
  throw new CollectionError(
    `${key} is not a repository name, so its content cannot be accounted for: move it out of the data directory; nothing was removed`,
  );
}

async function unmarkedBlobs(
  storage: Storage,
  marked: ReadonlySet<Digest>,
): Promise<{ blobs: Digest[]; bytes: number }> {
  const blobs: Digest[] = [];
  let bytes = 0;
  for await (const { digest, size } of storage.blobs.all()) {
    if (marked.has(digest)) continue;
    blobs.push(digest);
    bytes += size;
  }
  return { blobs, bytes };
}
