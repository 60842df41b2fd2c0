/**
 * - `not-found`: the upstream does not have it
 * - `unauthorized`: it wants credentials, or others than ours
 * - `denied`: it knows who asks, and refuses
 * - `rate-limited`: it answered 429, or did so recently
 * - `unavailable`: network, DNS, TLS, time, 5xx
 * - `invalid`: what it sends cannot be true, or may not be followed
 */
export type UpstreamErrorKind = "not-found" | "unauthorized" | "denied" | "rate-limited" | "unavailable" | "invalid";

interface UpstreamErrorDetails {
  /** The configured name. */
  readonly upstream: string;
  /** Host and port that was asked. */
  readonly host: string;
  readonly status?: number | undefined;
  /** What the upstream said about it, cleaned and cut: fit for a log and for a client. */
  readonly upstreamMessage?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Whether the same question may well succeed in a moment. */
  readonly transient?: boolean | undefined;
  /** Must hold no request headers: it goes to the log. */
  readonly cause?: unknown;
}

/** Why an upstream could not answer. The message is a sentence for people, without addresses that carry secrets. */
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

/** Broken off in the middle of the answer, by one that could be asked. */
export function isCut({ cause }: UpstreamError): boolean {
  return cause instanceof Error && "code" in cause && (cause.code === "ECONNRESET" || cause.code === "EPIPE");
}
