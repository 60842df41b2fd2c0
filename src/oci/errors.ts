/** The specification's error codes (distribution-spec, "Error Codes"), and two for 5xx, for which it has none. */
export const errorTable = {
  BLOB_UNKNOWN: { status: 404, message: "blob unknown to this repository" },
  BLOB_UPLOAD_INVALID: { status: 400, message: "blob upload invalid" },
  BLOB_UPLOAD_UNKNOWN: { status: 404, message: "blob upload unknown to this repository" },
  DIGEST_INVALID: { status: 400, message: "the digest is malformed or does not match the content" },
  MANIFEST_BLOB_UNKNOWN: { status: 400, message: "the manifest names content that is unknown to this repository" },
  MANIFEST_INVALID: { status: 400, message: "manifest invalid" },
  MANIFEST_UNKNOWN: { status: 404, message: "manifest unknown to this repository" },
  NAME_INVALID: { status: 400, message: "invalid repository name" },
  NAME_UNKNOWN: { status: 404, message: "repository name not known to this registry" },
  SIZE_INVALID: { status: 400, message: "the length of the content does not match what was announced" },
  UNAUTHORIZED: { status: 401, message: "authentication required" },
  DENIED: { status: 403, message: "access to the resource is denied" },
  UNSUPPORTED: { status: 405, message: "the operation is unsupported" },
  TOOMANYREQUESTS: { status: 429, message: "too many requests" },
  UNAVAILABLE: { status: 503, message: "the service is unavailable" },
  UNKNOWN: { status: 500, message: "internal error" },
} as const;

export type ErrorCode = keyof typeof errorTable;

interface ErrorOptions {
  /** Details for programs, such as the digest, the reference or the pattern. Sent to the client. */
  detail?: unknown;
  /** Overrides the status in the table, for codes that have several (416, 413, 414, 415). */
  status?: number;
  /** Response headers that belong to the error, such as `Retry-After`, `Allow` or `Range`. */
  headers?: Record<string, string>;
  /** The underlying error. Logged, never sent to the client. */
  cause?: unknown;
}

/** An error that the client receives as `{"errors":[{code, message, detail}]}`. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string = errorTable[code].message, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? errorTable[code].status;
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }
}
