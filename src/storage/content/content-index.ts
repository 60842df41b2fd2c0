import type { Digest } from "../../oci/digest.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import type { NamesWanted } from "../driver.js";

/** What a repository is known by. */
export interface IndexedRepository {
  readonly name: RepositoryName;
  /** Whether it holds manifests, or once did. */
  readonly holdsManifests: boolean;
}

/**
 * Lists of what the storage holds: repositories, what each of them links to, and names of tags. Everything that goes
 * through many of them asks here, so that a storage whose keys are slow to list can have an index of its own. A list
 * says what was there when it was read; whoever acts on it looks again.
 */
export interface ContentIndex {
  /**
   * Repositories after a name, in code point order, where `a-b` comes before `a/b`. Only as much is read as the caller
   * takes.
   * @param foreign gets the keys of what has no repository's name, and is not walked
   */
  repositories(after?: string, foreign?: (key: string) => void): AsyncIterable<IndexedRepository>;
  /** The same of those whose content came from upstreams, as far as that is recorded: they may hold nothing any more. */
  recordedAsCached(after?: string): AsyncIterable<RepositoryName>;
  /** Whether anything lies below the key of something foreign. */
  isFilled(foreign: string): Promise<boolean>;
  /** What the repository holds, or once held. */
  kinds(name: RepositoryName): Promise<{ readonly manifests: boolean; readonly blobs: boolean }>;
  /** To be called when a repository got content of a kind: every process is told if it is the first. */
  announce(name: RepositoryName, kind: "blobs" | "manifests"): Promise<void>;
  /** Differs whenever a repository was announced; `undefined` while it changes too fast to be told apart. */
  generation(): Promise<string | undefined>;
  /** Digests of the manifests that a repository has links for. */
  manifests(name: RepositoryName): Promise<Digest[]>;
  /** Digests of the blobs that a repository has links for. */
  blobs(name: RepositoryName): Promise<Digest[]>;
  /**
   * Digests under which bytes lie that a repository has links for, of either kind. A link below sha512 that distribution
   * wrote may mean bytes below sha256: those count, and the link's own digest as well.
   */
  content(name: RepositoryName, isAskedFor: (digest: Digest) => boolean): AsyncIterable<Digest>;
  /** Names of tags in code point order, of those without a link, too, and of what is no tag. */
  tagNames(name: RepositoryName, wanted?: NamesWanted): Promise<readonly string[]>;
  /** Differs whenever a tag came or went; `undefined` if that cannot be told, or not yet. */
  tagsVersion(name: RepositoryName): Promise<string | undefined>;
}

/** Those of the digests that any repository has a link for, whoever owns it. */
export async function linkedAnywhere(index: ContentIndex, digests: ReadonlySet<Digest>): Promise<Set<Digest>> {
  const linked = new Set<Digest>();
  if (digests.size === 0) return linked;
  for await (const { name } of index.repositories())
    for await (const digest of index.content(name, (asked) => digests.has(asked))) linked.add(digest);
  return linked;
}
