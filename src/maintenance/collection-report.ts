import type { Digest } from "../oci/digest.js";
import type { Unneeded } from "../storage/collection-notes.js";
import type { UnlinkedBytes } from "./collection-changes.js";
import type { RepositoryMark } from "./repository-mark.js";
import type { Stay } from "./unneeded-content.js";

/** What a collection found in all repositories. */
export interface FoundGarbage {
  /** The number of digests that something needs. */
  readonly needed: number;
  /** The number of manifests that were removed. */
  readonly manifests: number;
  /** Bytes that are about to be removed. */
  readonly bytes: readonly UnlinkedBytes[];
}

/** Receives the findings of a collection as they are made. */
export interface CollectionReport {
  /** How many repositories are as an earlier collection found them, and how many are about to be read. */
  repositories(found: { readonly unchanged: number; readonly toRead: number }): void;
  marked(mark: RepositoryMark): void;
  /** Something is unneeded, and goes now. */
  goes(item: Unneeded | { readonly kind: "repository"; readonly name: string }): void;
  /** Something is unneeded, and waits to be deleted. */
  stays(item: Unneeded, stay: Stay): void;
  /** Something cannot be read, and so stays; in a sentence. */
  problem(problem: string): void;
  /** Everything was looked at. */
  found(garbage: FoundGarbage): void;
}

/** The result of a collection. */
export interface Collection {
  /** Whether nothing else used the storage. */
  readonly isAlone: boolean;
  /** Bytes that were freed. */
  readonly bytes: number;
  /** Digests of which the bytes were removed. */
  readonly erased: readonly Digest[];
  /** How much is unneeded and waits to be deleted: links, and bytes without a link. */
  readonly waiting: number;
  /** When the first of it may go, in milliseconds since 1970, as far as that is known. */
  readonly nextMs: number | undefined;
  /** Links that went. */
  readonly removed: number;
  /** Links in the trash. */
  readonly trashed: number;
}
