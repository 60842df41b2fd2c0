import { StorageError, type StorageFailure } from "../../../oci/storage-error.js";

/** An error of the store or of the connection to it, as far as it can be read. */
export interface StoreFault {
  /** Such as NoSuchKey, SlowDown or ECONNREFUSED. */
  readonly code: string;
  /** HTTP status; `undefined` if there was no answer. */
  readonly status: number | undefined;
  readonly message: string;
}

/** Errors of which only the name is specific to S3: any of them may succeed a moment later. */
const passingCodes: readonly string[] = [
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "RequestLimitExceeded",
  "TooManyRequestsException",
  "BandwidthLimitExceeded",
  "InternalError",
  "ServiceUnavailable",
  "RequestTimeout",
  "RequestTimeoutException",
  "OperationAborted",
  "ConditionalRequestConflict",
  // The client corrects its clock by the store's when it gets this.
  "RequestTimeTooSkewed",
  "PriorRequestNotComplete",
  // Of a gateway to folders, while another request removes an object there.
  "ExistingObjectIsDirectory",
];

const throttlingCodes: readonly string[] = passingCodes.slice(0, 6);

const fullCodes: readonly string[] = ["XMinioStorageFull", "QuotaExceeded", "XAmzQuotaExceeded", "InsufficientStorage"];

/** Of keys that were replaced or revoked. */
const keyCodes: readonly string[] = [
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidToken",
  "TokenRefreshRequired",
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
];

const deniedCodes: readonly string[] = ["AccessDenied", "AllAccessDisabled", "MethodNotAllowed", "Forbidden"];

/** Reads an error of the client of the store. */
export function faultOf(error: unknown): StoreFault {
  if (!(error instanceof Error)) return { code: "unknown", status: undefined, message: String(error) };
  const status = "$metadata" in error ? statusOf(error.$metadata) : undefined;
  if (isUnread(error)) return { code: `HTTP ${status}`, status: saidBy(status), message: "no answer of a store" };
  const system = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { code: system ?? error.name, status, message: error.message };
}

function statusOf(metadata: unknown): number | undefined {
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

/** Whether the client of the store could not read the answer, such as the page of a proxy in front of it. */
function isUnread(error: Error): boolean {
  return "$responseBodyText" in error;
}

/** That a proxy finds nothing says nothing of the object. */
function saidBy(status: number | undefined): number | undefined {
  return status === 404 ? undefined : status;
}

/** Whether the same request may succeed a moment later. */
export function isPassing({ code, status }: StoreFault): boolean {
  if (status === undefined) return !isAboutCredentials(code);
  // A 200 whose body is an error is reported under the code in the body.
  return status >= 500 ? status !== 501 && !fullCodes.includes(code) : status === 429 || passingCodes.includes(code);
}

/**
 * Whether the keys may not do this. MinIO also says so of a write that meets the removal of a neighbour's folder, and
 * AWS for seconds after a policy has changed.
 */
export function isDenied({ code, status }: StoreFault): boolean {
  return status !== undefined && deniedCodes.includes(code);
}

/** Whether other keys may succeed. */
export function isAboutKeys({ code, status }: StoreFault): boolean {
  // The answer to a HEAD has no body that says what is forbidden.
  return status !== undefined && (keyCodes.includes(code) || (status === 403 && code === "Unknown"));
}

export function isAboutCredentials(code: string): boolean {
  return code === "CredentialsProviderError" || code === "TokenProviderError";
}

export function isAbsent({ code, status }: StoreFault): boolean {
  return status === 404 && code !== "NoSuchBucket";
}

/** The store refused a conditional request, since its condition does not hold. */
export function isConditionFailure({ code, status }: StoreFault): boolean {
  return status === 412 || code === "PreconditionFailed";
}

/** What an error of the store means for callers. @param doing what was tried, such as "reading blobs/a/data" */
export function toStorageError(error: unknown, doing: string): StorageError {
  if (error instanceof StorageError) return error;
  const fault = faultOf(error);
  const told = fault.message === "" || fault.message === fault.code ? fault.code : `${fault.code}: ${fault.message}`;
  return new StorageError(kindOf(fault, doing), `${doing} failed (${told})${remedyOf(fault)}`, { cause: error });
}

function remedyOf({ code, message }: StoreFault): string {
  // As Cloudflare R2 says it.
  const wantsEqualParts = code === "InvalidPart" && message.includes("same length");
  return wantsEqualParts ? ": set storage.s3.equalParts to true, and storage.s3.partSize for the largest blobs" : "";
}

function kindOf({ code, status }: StoreFault, doing: string): StorageFailure {
  if (fullCodes.includes(code) || status === 507) return "full";
  if (throttlingCodes.includes(code) || status === 429 || status === 503) return "busy";
  // Keys that may read but not write: the bucket is served, and cannot be changed.
  if (deniedCodes.includes(code) && isChange(doing)) return "readonly";
  return "unavailable";
}

/** @param doing what is tried, such as "reading blobs/a/data" */
export function isChange(doing: string): boolean {
  return !doing.startsWith("reading") && !doing.startsWith("listing");
}
