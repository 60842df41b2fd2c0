/** What a request carries along, and what is passed on with each upstream request that it causes. */
export interface RequestTrail {
  /** The `Via` header: the caches that the request passed through. */
  readonly via?: string | undefined;
  /** The trace that the request belongs to (W3C Trace Context), unchanged. */
  readonly traceparent?: string | undefined;
}

/** Version, trace, parent, flags; a later version may add more. No id may be all zeros. */
const traceparentPattern =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]{1,200})?$/;

/** The trace id in a `traceparent`; `undefined` if that is not valid, and so must be ignored. */
export function traceIdOf(traceparent = ""): string | undefined {
  const [, version, traceId, more] = traceparentPattern.exec(traceparent) ?? [];
  return version === "00" && more !== undefined ? undefined : traceId;
}
