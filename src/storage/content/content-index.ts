import { nextTurn } from "../../foundation/event-loop-breaks.js";
import { algorithmOf, type Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { NamesWanted } from "../driver.js";
import type { IsLinked, RepositoryHoldings, SkippedFolders } from "./repository-holdings.js";

/** How a repository is known. */
export interface IndexedRepository {
  readonly name: RepositoryName;
  /** Whether it holds manifests, or once did. */
  readonly holdsManifests: boolean;
}

/**
 * Lists what the storage holds: repositories, the links of each, and names of tags. All code that walks over many of
 * them uses this interface, so that a storage with slow listings can have an index of its own. A list shows the state
 * at the time it was read; check again before acting on it.
 */
export interface ContentIndex {
  /** About how many repositories a walk should ask something at once: more where an answer takes long. */
  readonly askedAhead: number;
  /**
   * Repositories after a name, in code point order, where `a-b` comes before `a/b`. Reads only as much as the caller
   * takes.
   * @param foreign gets the keys of folders that are not named as a repository; they are not walked
   */
  repositories(after?: string, foreign?: (key: string) => void): AsyncIterable<IndexedRepository>;
  /**
   * The names of all repositories, sorted: faster than `repositories`, for a walk over everything.
   * @throws StorageError for a folder that cannot be listed, unless `skipped` is told of it
   */
  repositoryNames(skipped?: SkippedFolders): Promise<readonly RepositoryName[]>;
  /**
   * What several repositories link to, in the order of the names.
   * @param isLinked manifests whose links need not be looked at
   */
  holdings(names: readonly RepositoryName[], isLinked?: IsLinked): Promise<readonly RepositoryHoldings[]>;
  /** The versions of that alone. */
  holdingsVersions(names: readonly RepositoryName[]): Promise<readonly (string | undefined)[]>;
  /** The same for repositories whose content came from upstreams, as far as recorded; they may be empty by now. */
  recordedAsCached(after?: string): AsyncIterable<RepositoryName>;
  /** Whether anything is stored below a foreign key. */
  isFilled(foreign: string): Promise<boolean>;
  /** The digests that keys below a foreign key name, as the links of a repository do. */
  foreignContent(foreign: string): Promise<readonly Digest[]>;
  /** What the repository holds, or once held. */
  kinds(name: RepositoryName): Promise<{ readonly manifests: boolean; readonly blobs: boolean }>;
  /** Called when a repository receives content of a kind: the first time, every process is notified. */
  announce(name: RepositoryName, kind: "blobs" | "manifests"): Promise<void>;
  /**
   * Call it after manifests or blobs of a repository were removed: one without manifests leaves the list, and every
   * process is notified.
   * @param emptied manifests of which another program left a folder
   */
  noteRemoval(name: RepositoryName, emptied?: readonly Digest[]): Promise<void>;
  /** Differs after a repository was announced or emptied; `undefined` while changes are too close together to tell apart. */
  generation(): Promise<string | undefined>;
  /** Digests of the manifests that a repository has links for. */
  manifests(name: RepositoryName): Promise<Digest[]>;
  /** Digests of the blobs that a repository has links for. */
  blobs(name: RepositoryName): Promise<Digest[]>;
  /**
   * Digests of all bytes, manifests and blobs, that a repository links to. A sha512 link written by distribution may
   * refer to bytes under sha256: those are included, as is the link's own digest.
   */
  content(name: RepositoryName, isAskedFor: (digest: Digest) => boolean): AsyncIterable<Digest>;
  /** Names of tags in code point order, including those without a link, and names that are not tags. */
  tagNames(name: RepositoryName, wanted?: NamesWanted): Promise<readonly string[]>;
  /** Differs after a tag was added or removed; `undefined` if that cannot be told, or cannot be told yet. */
  tagsVersion(name: RepositoryName): Promise<string | undefined>;
}

const repositoriesAtOnce = 100;

/**
 * Those of the digests that any repository links to, whichever mode owns it.
 * @throws StorageError if one of them cannot be listed
 */
export async function linkedAnywhere(index: ContentIndex, digests: ReadonlySet<Digest>): Promise<Set<Digest>> {
  const linked = new Set<Digest>();
  if (digests.size === 0) return linked;
  const names = await index.repositoryNames();
  for (let start = 0; start < names.length; start += repositoriesAtOnce) {
    const listed = await index.holdings(names.slice(start, start + repositoriesAtOnce));
    for (const { name, manifests, blobs, unreadable } of listed) {
      if (unreadable !== undefined) throw unreadable;
      await nextTurn();
      // A link under another algorithm may contain one of the digests.
      if (![...manifests, ...blobs].some((digest) => digests.has(digest) || algorithmOf(digest) !== "sha256")) continue;
      for await (const digest of index.content(name, (asked) => digests.has(asked))) linked.add(digest);
    }
  }
  return linked;
}
