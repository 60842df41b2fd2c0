/**
 * - `not-found`: the upstream does not have it
 * - `unauthorized`: it wants credentials, or others than ours
 * - `denied`: it knows the client, and refuses
 * - `rate-limited`: it answered 429, or did so recently
 * - `unavailable`: network, DNS, TLS, timeout, 5xx
 * - `invalid`: its response cannot be true, or must not be followed
 */
export type UpstreamErrorKind = "not-found" | "unauthorized" | "denied" | "rate-limited" | "unavailable" | "invalid";

interface UpstreamErrorDetails {
  /** The configured name. */
  readonly upstream: string;
  /** Host and port of the request. */
  readonly host: string;
  readonly status?: number | undefined;
  /** The upstream's own message, cleaned and truncated: safe for a log and for a client. */
  readonly upstreamMessage?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Whether the same request may well succeed in a moment. */
  readonly transient?: boolean | undefined;
  /** Must contain no request headers, since it is logged. */
  readonly cause?: unknown;
}

/** Why a request to an upstream failed. The message is a sentence for people, without URLs that contain secrets. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  readonly kind: UpstreamErrorKind;
  readonly upstream: string;
  readonly host: string;
  readonly status: number | undefined;
  readonly upstreamMessage: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly transient: boolean;

  constructor(kind: UpstreamErrorKind, message: string, details: UpstreamErrorDetails) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.upstream = details.upstream;
    this.host = details.host;
    this.status = details.status;
    this.upstreamMessage = details.upstreamMessage;
    this.retryAfterMs = details.retryAfterMs;
    this.transient = details.transient ?? false;
  }
}

/** Whether the response broke off in the middle. */
export function isCut({ cause }: UpstreamError): boolean {
  return cause instanceof Error && "code" in cause && (cause.code === "ECONNRESET" || cause.code === "EPIPE");
}
