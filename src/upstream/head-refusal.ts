import type { Endpoint } from "./endpoint.js";
import { isCut, UpstreamError } from "./upstream-error.js";

/** Statuses of servers that do not support HEAD, or not with our headers. */
const notUnderstood = new Set([400, 405, 406, 501]);

/**
 * Whether GET may succeed where HEAD was refused. After a 429 nothing may be requested, and a server that asks for time
 * gets it. Where each GET counts as a pull, as at Docker Hub, HEAD is trusted.
 */
export function mayContradictHead(error: unknown, endpoint: Endpoint): error is UpstreamError {
  if (!(error instanceof UpstreamError) || error.kind === "rate-limited" || error.retryAfterMs !== undefined)
    return false;
  if (notUnderstood.has(error.status ?? 0)) return true;
  return !endpoint.countsPulls && (error.status !== undefined || error.kind === "invalid" || isCut(error));
}
