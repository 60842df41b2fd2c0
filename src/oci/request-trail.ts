/** What a request brings along, and what goes on to an upstream with each question that it leads to. */
export interface RequestTrail {
  /** The `Via` header: the caches that the request came through. */
  readonly via?: string | undefined;
  /** The trace that the request belongs to (W3C Trace Context), as it came. */
  readonly traceparent?: string | undefined;
}

/** Version, trace, parent, flags; a later version may say more behind them. No id may be zero. */
const traceparentPattern =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]{1,200})?$/;

/** The id of the trace that a `traceparent` names; `undefined` if it is not valid, and so must be ignored. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  if (traceparent === undefined) return undefined;
  const [, version, traceId, more] = traceparentPattern.exec(traceparent) ?? [];
  return version === "00" && more !== undefined ? undefined : traceId;
}
