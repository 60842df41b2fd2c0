export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

/** Credentials as in RFC 7617; `undefined` if the header has none that are valid. */
export function parseBasic(authorization: string): BasicCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/_=-]*) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  // No password contains control characters, and they could forge log lines.
  if (colon < 0 || /\p{Cc}/u.test(decoded)) return undefined;
  return { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** A token as in RFC 6750; `undefined` if the header has none. */
export function parseBearer(authorization: string): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization)?.[1];
}
