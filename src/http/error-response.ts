import type { LogFields } from "../observability/logger.js";
import { type ErrorCode, RegistryError } from "../oci/errors.js";
import { StorageError, type StorageFailure } from "../oci/storage-error.js";
import { AccessRefusal } from "../registry/access-refusal.js";
import type { Exchange } from "./exchange.js";
import { discardBody } from "./read-body.js";
import { sendJson } from "./send.js";

/** What a client is told when the storage fails. The storage's own words may hold paths: they go to the log. */
const storageFailures = {
  full: { message: "the registry's disk is full, or its quota is used up", retryAfter: "30" },
  readonly: { message: "the registry's storage is read-only: nothing can be pushed or deleted", retryAfter: "30" },
  busy: { message: "the registry is busy with the same content or with too many requests", retryAfter: "5" },
  unavailable: { message: "the registry's storage fails or cannot be reached", retryAfter: "30" },
} as const satisfies Record<StorageFailure, { message: string; retryAfter: string }>;

/** The one place that turns errors into answers. Once an answer has begun it can only be broken off. */
export function respondWithError(exchange: Exchange, thrown: unknown): void {
  const error = toRegistryError(thrown, exchange.request.method);
  report(exchange, error, thrown);
  const { response } = exchange;
  if (response.headersSent || exchange.isCut) {
    response.destroy();
    return;
  }
  discardBody(exchange.request);
  for (const name of response.getHeaderNames()) {
    if (name.startsWith("content-")) response.removeHeader(name);
  }
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  if (error.status === 401 && exchange.challenge !== undefined) {
    const refusal = error instanceof AccessRefusal ? error : undefined;
    response.setHeader("WWW-Authenticate", exchange.challenge(exchange, refusal));
  }
  if (error.status === 405) response.setHeader("Allow", otherMethods(exchange));
  const { code, message, detail } = error;
  sendJson(exchange, error.status, { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] });
}

/** What may be asked instead of what may not: a 405 must tell (RFC 9110, section 15.5.6). */
function otherMethods({ knownMethods, request }: Exchange): string {
  return knownMethods.filter((method) => method !== request.method).join(", ");
}

function toRegistryError(thrown: unknown, method: string | undefined): RegistryError {
  if (thrown instanceof RegistryError) return thrown;
  if (isBadRequest(thrown)) return new RegistryError("NAME_INVALID", "the path is not well encoded", { cause: thrown });
  if (thrown instanceof StorageError) return ofStorage(thrown, method);
  return new RegistryError("UNKNOWN", undefined, { cause: thrown });
}

/** The router's own error for a path that cannot be decoded. */
function isBadRequest(thrown: unknown): boolean {
  return thrown instanceof Error && "status" in thrown && thrown.status === 400;
}

/** A change that can never be is refused for good, as by registry:2 in its read-only mode: clients repeat what had a 503. */
function ofStorage(cause: StorageError, method: string | undefined): RegistryError {
  const { message, retryAfter } = storageFailures[cause.kind];
  if (cause.kind === "readonly" && method !== "GET" && method !== "HEAD")
    return new RegistryError("UNSUPPORTED", message, { cause });
  return new RegistryError("UNAVAILABLE", message, { cause, headers: { "Retry-After": retryAfter } });
}

function report(exchange: Exchange, error: RegistryError, thrown: unknown): void {
  if (exchange.isCut) return;
  const fields = { code: error.code, status: error.status, message: error.message };
  if (isOurFault(error, thrown)) {
    exchange.log.error("request failed", { ...fields, cause: thrown });
  } else if (error.status >= 500 || thrown instanceof StorageError)
    exchange.log.warn("request failed", { ...fields, ...reasonOf(error, thrown) });
  // Each push asks first whether its blobs are there: that they are not is no news, and the access line has the 404.
  else if (error.status === 404) exchange.log.debug("request refused", fields);
  else exchange.log.info("request refused", fields);
}

/** Neither the client nor the load explains it: somebody must look at the log. */
function isOurFault(error: RegistryError, thrown: unknown): boolean {
  if (thrown instanceof StorageError) return thrown.kind === "unavailable";
  return error.status >= 500 && error.code === ("UNKNOWN" satisfies ErrorCode);
}

/** A failing storage is told in its own sentence: where it came up is of no use to whoever mends the disk. */
function reasonOf(error: RegistryError, thrown: unknown): LogFields {
  return thrown instanceof StorageError ? { reason: thrown.message } : { cause: error.cause };
}
