import type { RepositoryName } from "../oci/repository-name.js";
import type { Upstream } from "../upstream/upstream.js";
import type { ContentRules } from "./content-rules.js";

/** An upstream with the operator's settings. Times in milliseconds. */
export interface CachedUpstream {
  readonly upstream: Upstream;
  /** What may be pulled from it. */
  readonly rules: ContentRules;
  /** The name there of a repository here. */
  remoteName(name: RepositoryName): RepositoryName;
  /** Whether content without a recorded owner, from another program's cache, may be assigned to it. */
  readonly adopt: boolean;
  /** How long a tag is served without asking again. */
  readonly tagTtl: number;
  /** What happens to a stored tag if the upstream says that it is gone. */
  readonly onDelete: "keep" | "drop";
  /** Time for a response if a stored copy can be served instead. */
  readonly staleDeadline: number;
  /** Time for the headers of a blob. After it, the client is told to retry, and the download continues. */
  readonly answerTimeout: number;
  /** Time for the headers of a blob, even if no client waits for them any more. */
  readonly blobTimeout: number;
  /** Whether small parts far ahead of a download are fetched separately, and passed on unverified. */
  readonly lazyRanges: boolean;
  /** How long an upstream's "not found" is remembered. */
  readonly notFoundTtl: number;
}
