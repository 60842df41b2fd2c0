/** What is stored of an access token: a hash, not its secret. */
export interface AccessTokenRecord {
  readonly id: string;
  /** The user whose rights it has. */
  readonly user: string;
  /** SHA-256 of the secret, in base64url. A slow hash is not needed: the secret has 256 random bits. */
  readonly hash: string;
  /** Its limits, such as `push:team/*`; empty for everything that its user may do. */
  readonly scopes: readonly string[];
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** `undefined` if it never expires. */
  readonly expiresMs?: number | undefined;
  /** What it is used for, for people. */
  readonly description?: string | undefined;
}
