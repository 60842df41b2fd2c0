import { RegistryError } from "../oci/errors.js";
import { UpstreamError } from "../upstream/upstream-error.js";

const defaultRetrySeconds = 10;

/**
 * The only place that decides what a client is told when an upstream fails.
 * @param absent the error for missing content
 */
export function toRegistryError(error: unknown, absent: () => RegistryError): unknown {
  if (!(error instanceof UpstreamError)) return error;
  switch (error.kind) {
    case "not-found":
      return absent();
    case "unauthorized":
    case "denied":
      return new RegistryError("DENIED", error.message, { cause: error, detail: detailOf(error) });
    case "rate-limited":
      return new RegistryError("TOOMANYREQUESTS", error.message, {
        cause: error,
        detail: detailOf(error),
        headers: retryAfter(error),
      });
    case "unavailable":
      return new RegistryError("UNAVAILABLE", error.message, {
        cause: error,
        detail: detailOf(error),
        headers: retryAfter(error),
      });
    case "invalid":
      return new RegistryError("UNAVAILABLE", error.message, { status: 502, cause: error, detail: detailOf(error) });
  }
}

/**
 * The error for a request to which only a real response will do: that the upstream refuses, limits or does not know
 * something is a failure too, since a client could take 403 or 404 for "there is none".
 */
export function toFailure(error: unknown, what: string): unknown {
  if (!(error instanceof UpstreamError)) return error;
  const isPassing = error.kind === "unavailable" || error.kind === "rate-limited";
  return new RegistryError("UNAVAILABLE", `${what} are unknown: ${error.message}`, {
    status: isPassing ? 503 : 502,
    cause: error,
    detail: detailOf(error),
    headers: isPassing ? retryAfter(error) : {},
  });
}

/** Whether a stored copy is better than the upstream's response: it did not say that the content is gone. */
export function allowsStale(error: unknown): error is UpstreamError {
  return error instanceof UpstreamError && error.kind !== "not-found";
}

function detailOf(error: UpstreamError) {
  return { upstream: error.upstream, status: error.status, message: error.upstreamMessage };
}

function retryAfter(error: UpstreamError): Record<string, string> {
  const seconds = error.retryAfterMs === undefined ? defaultRetrySeconds : Math.ceil(error.retryAfterMs / 1000);
  return { "Retry-After": String(seconds) };
}
