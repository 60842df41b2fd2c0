export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

/** Credentials of RFC 7617; `undefined` if the header holds none that can be read. */
export function parseBasic(authorization: string): BasicCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/_=-]*) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  // A control character is in nobody's password, and would forge lines of a log.
  if (colon < 0 || /\p{Cc}/u.test(decoded)) return undefined;
  return { user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** A token of RFC 6750; `undefined` if the header holds none. */
export function parseBearer(authorization: string): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization)?.[1];
}
