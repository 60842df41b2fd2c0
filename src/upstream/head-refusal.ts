import type { Endpoint } from "./endpoint.js";
import { isCut, UpstreamError } from "./upstream-error.js";

/** Servers that do not know HEAD, or not as we ask, say so by these. */
const notUnderstood = new Set([400, 405, 406, 501]);

/**
 * Whether GET may give what HEAD refused. After a 429 nothing may be asked, and a server that asks for time is given it.
 * Where each GET is counted, as Docker Hub does, HEAD is believed.
 */
export function mayContradictHead(error: unknown, endpoint: Endpoint): error is UpstreamError {
  if (!(error instanceof UpstreamError) || error.kind === "rate-limited" || error.retryAfterMs !== undefined)
    return false;
  if (notUnderstood.has(error.status ?? 0)) return true;
  return !endpoint.countsPulls && (error.status !== undefined || error.kind === "invalid" || isCut(error));
}
