/** What nearly all clients send: a path without an empty component, and perhaps a query. */
export const usualTarget = /^(?:\/[^/?&]+)+\/?(?:\?|$)/;

const schemeAndAuthority = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/** Clients of registry:2 also append `&digest=` to a URL of their own, which has no query yet. */
const digestInPath = /^([^?]*\/blobs\/uploads\/[^?&/]+)&(?=digest=)/;

/**
 * The path and query of a request's target. Some clients send a whole URL, which a server must accept (RFC 9112,
 * section 3.2.2); its host, and perhaps its password, are ignored from here on. Others join an address that ends with a
 * slash to a path, and send `//v2/`, or join an empty project to a name, and send `/v2//app`. registry:2 redirects both
 * to the path without the second slash; no name here has an empty component.
 */
export function originForm(target: string): string {
  const withQuery = `/${target.startsWith("/") ? target : target.replace(schemeAndAuthority, "")}`;
  const [path = "", ...query] = withQuery.replace(digestInPath, "$1?").split("?");
  return [path.replace(/\/{2,}/g, "/"), ...query].join("?");
}
