import type { UpstreamNames } from "../registry/owners.js";
import type { UpstreamClient } from "../upstream/upstream-client.js";
import type { ContentRules } from "./content-rules.js";

/** One upstream: its names here, its client, and the operator's settings. Times in milliseconds. */
export interface Upstream extends UpstreamNames {
  readonly client: UpstreamClient;
  /** What may be pulled from it. */
  readonly rules: ContentRules;
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
