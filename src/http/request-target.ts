const schemeAndAuthority = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

/**
 * The path and query of a request's target. Some clients send a whole URL, which a server must accept (RFC 9112,
 * section 3.2.2); who is named in it, perhaps with a password, is nobody's business from here on.
 */
export function originForm(target: string | undefined): string {
  if (target === undefined || target === "") return "/";
  if (target.startsWith("/")) return target;
  const path = target.replace(schemeAndAuthority, "");
  return path.startsWith("/") ? path : `/${path}`;
}
