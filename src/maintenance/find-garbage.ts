import type { Digest } from "../oci/digest.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Storage } from "../storage/storage.js";
import { CollectionError } from "./collection-lock.js";
import { type MarkRules, markRepository, type RepositoryMark } from "./repository-mark.js";

/** What of a repository can go. */
export interface RepositoryGarbage {
  readonly name: RepositoryName;
  readonly manifests: readonly Digest[];
  /** Links to blobs that no manifest of the repository names. */
  readonly layers: readonly Digest[];
  /** All of it can: nothing stays, and nobody is pushing to it. */
  readonly isEmptied: boolean;
}

/** What can go: nothing that stays needs it. */
export interface Garbage {
  /** Every repository, also those of which all stays. */
  readonly repositories: readonly RepositoryGarbage[];
  /** Bytes under digests that no repository needs, those of manifests included. */
  readonly blobs: readonly Digest[];
  readonly bytes: number;
}

/** Told what is found, while it is found. */
export interface GarbageReport {
  marked(mark: RepositoryMark): void;
  /** @param marked how many digests stay */
  found(garbage: Garbage, marked: number): void;
}

/**
 * Finds what no tag, manifest or link needs, and changes nothing. Holds the digests of all that stays in memory: about
 * 130 MB for a million of them.
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

/** What lies there may need anything, and no walk sees it. */
async function refuseIfFilled(storage: Storage, key: string): Promise<void> {
  if (!(await storage.index.isFilled(key))) return;
  throw new CollectionError(
    `${key} is no repository's name, so what lies in it cannot be accounted for: move it out of the data directory; nothing was removed`,
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
