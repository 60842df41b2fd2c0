import type { RepositoryName } from "../oci/repository-name.js";
import type { Upstream } from "../upstream/upstream.js";
import type { ContentRules } from "./content-rules.js";

/** An upstream with what the operator wants of it. Times in milliseconds. */
export interface CachedUpstream {
  readonly upstream: Upstream;
  /** What of it may be pulled. */
  readonly rules: ContentRules;
  /** What a repository of ours is called there. */
  remoteName(name: RepositoryName): RepositoryName;
  /** Whether what another program cached here of it, and nobody recorded, may be its. */
  readonly adopt: boolean;
  /** How long a tag is served without asking again. */
  readonly tagTtl: number;
  /** What happens to a stored tag when the upstream says that it is gone. */
  readonly onDelete: "keep" | "drop";
  /** Time for an answer where a stored copy can be served instead. */
  readonly staleDeadline: number;
  /** Time for the headers of a blob: then the client is told to come back, and the fetch goes on. */
  readonly answerTimeout: number;
  /** Time for the headers of a blob, whether or not a client still waits for them. */
  readonly blobTimeout: number;
  /** Whether small parts far ahead of a download are fetched apart, and passed on unproved. */
  readonly lazyRanges: boolean;
  /** How long an upstream's "not found" is remembered. */
  readonly notFoundTtl: number;
}
