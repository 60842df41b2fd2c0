import type { Digest } from "../../oci/digest.js";
import type { Tag } from "../../oci/reference.js";
import type { RepositoryName } from "../../oci/repository-name.js";

/** What can be wrong with a storage. */
export type Flaw =
  | "damaged bytes"
  | "missing bytes"
  | "damaged link"
  | "missing link"
  | "unreadable manifest"
  | "damaged tag"
  | "dangling tag"
  | "missing referrer"
  | "unreadable"
  /** From here on, nothing that clients need. */
  | "dangling referrer"
  | "link without bytes"
  | "empty tag"
  | "foreign folder"
  | "damaged trash";

/**
 * What was done: `left`: nothing; `fetched again`: its upstream has delivered it; `set aside`: it counts as absent, so
 * that a push, or the next pull through the cache, stores it again; `written again` and `removed`: links and records.
 */
export type Outcome = "left" | "fetched again" | "set aside" | "written again" | "removed";

/** A repository that has something to do with a flaw. */
export interface Holder {
  readonly name: RepositoryName;
  /** Where its content came from; `undefined` if it is private. */
  readonly upstream: string | undefined;
  /** Images that cannot be pulled whole: `name:tag`, or `name@digest` if no tag leads there. */
  readonly images: readonly string[];
}

/** What a check has found, and what was done about it. */
export interface Finding {
  readonly flaw: Flaw;
  /** Whether clients miss something. */
  readonly isDamage: boolean;
  readonly digest: Digest | undefined;
  readonly tag: Tag | undefined;
  /** The key in the storage. */
  readonly place: string;
  /** A sentence without its full stop. */
  readonly what: string;
  readonly holders: readonly Holder[];
  readonly outcome: Outcome;
  /** Where what was set aside is now. */
  readonly setAsideTo?: string | undefined;
  /** Why it was not mended. */
  readonly obstacle?: string | undefined;
  /** What to do, as a sentence without its full stop; `undefined` if nothing. */
  readonly advice: string | undefined;
}

/** How much was looked at, and how it ended. */
export interface CheckResult {
  readonly repositories: number;
  readonly manifests: number;
  readonly tags: number;
  readonly blobs: number;
  /** Of the blobs that were looked at. */
  readonly bytes: number;
  /** Damage that is left: something that clients cannot pull. */
  readonly damaged: number;
  /** Damage that was mended. */
  readonly mended: number;
  /** What clients do not miss. */
  readonly leftovers: number;
  /** What no repository links to, for a garbage collection; `undefined` if only a part was checked. */
  readonly unlinked: { readonly blobs: number; readonly bytes: number } | undefined;
  /** Damaged bytes that were set aside, now or earlier. */
  readonly setAside: { readonly blobs: number; readonly bytes: number };
}
