import type { IncomingHttpHeaders } from "node:http";

export type HostName = "registry" | "cdn";
export type RequestKind = "ping" | "manifest" | "blob" | "tags" | "referrers" | "token" | "other";

/** A parsed request. */
export interface FakeRequest {
  readonly host: HostName;
  readonly kind: RequestKind;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Of the repository. */
  readonly name: string;
  /** Tag or digest. */
  readonly reference: string;
  /** Body of a POST. */
  readonly form: URLSearchParams;
}

/** Selects requests; a key that is not given matches anything. */
export interface RequestMatch {
  readonly host?: HostName;
  readonly kind?: RequestKind;
  readonly method?: string;
  readonly name?: string;
  readonly reference?: string;
  /** How a manifest is requested. */
  readonly by?: "tag" | "digest";
}

export function matches(request: FakeRequest, match: RequestMatch): boolean {
  return (
    (match.host === undefined || match.host === request.host) &&
    (match.kind === undefined || match.kind === request.kind) &&
    (match.method === undefined || match.method === request.method) &&
    (match.name === undefined || match.name === request.name) &&
    (match.reference === undefined || match.reference === request.reference) &&
    (match.by === undefined || (match.by === "digest") === request.reference.includes(":"))
  );
}

const routes: readonly (readonly [RequestKind, RegExp])[] = [
  ["token", /^\/token$/],
  ["ping", /^\/v2\/?$/],
  ["manifest", /^\/v2\/(.+)\/manifests\/([^/]+)$/],
  ["blob", /^\/v2\/(.+)\/blobs\/([^/]+)$/],
  ["tags", /^\/v2\/(.+)\/tags\/list()$/],
  ["referrers", /^\/v2\/(.+)\/referrers\/([^/]+)$/],
  ["blob", /^\/cdn\/(.+)\/([^/]+)$/],
];

/** What a path requests. */
export function routeOf(path: string): Pick<FakeRequest, "kind" | "name" | "reference"> {
  for (const [kind, pattern] of routes) {
    const found = pattern.exec(path);
    if (found) return { kind, name: found[1] ?? "", reference: found[2] ?? "" };
  }
  return { kind: "other", name: "", reference: "" };
}
