import type { LogFields } from "../observability/logger.js";
import { type ErrorCode, RegistryError } from "../oci/errors.js";
import { StorageError, type StorageFailure } from "../oci/storage-error.js";
import { AccessRefusal } from "../registry/access-refusal.js";
import type { Exchange } from "./exchange.js";
import { discardBody } from "./read-body.js";
import { sendJson } from "./send.js";

/** What a client is told if the storage fails. The system's own message may contain paths, so it is only logged. */
const storageFailures = {
  full: { message: "the registry's disk is full, or its quota is used up", retryAfter: "30" },
  readonly: { message: "the registry's storage is read-only: nothing can be pushed or deleted", retryAfter: "30" },
  busy: { message: "the registry is busy with the same content or with too many requests", retryAfter: "5" },
  unavailable: { message: "the registry's storage has failed or cannot be reached", retryAfter: "30" },
} as const satisfies Record<StorageFailure, { message: string; retryAfter: string }>;

/** The only place that turns errors into responses. A response that has begun can only be cut off. */
export function respondWithError(exchange: Exchange, thrown: unknown): void {
  const error = toRegistryError(thrown, exchange.request.method);
  report(exchange, error, thrown);
  if (error.status === 403) exchange.onDenied?.(exchange, error);
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

/** The allowed methods, which a 405 must list (RFC 9110, section 15.5.6). */
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

/** A change that can never succeed gets a final status, as in registry:2's read-only mode: clients repeat a 503. */
function ofStorage(cause: StorageError, method: string | undefined): RegistryError {
  const { message, retryAfter } = storageFailures[cause.kind];
  if (cause.kind === "readonly" && method !== "GET" && method !== "HEAD")
    return new RegistryError("UNSUPPORTED", message, { cause });
  const headers = { "Retry-After": retryAfter };
  // RFC 4918, section 11.5: an operator sees at once what is wrong; clients repeat it like a 503.
  if (cause.kind === "full" && method !== "GET" && method !== "HEAD")
    return new RegistryError("UNAVAILABLE", message, { cause, headers, status: 507 });
  return new RegistryError("UNAVAILABLE", message, { cause, headers });
}

function report(exchange: Exchange, error: RegistryError, thrown: unknown): void {
  if (exchange.isCut) return;
  const fields = { code: error.code, status: error.status, message: error.message };
  if (isOurFault(error, thrown)) {
    exchange.log.error("request failed", { ...fields, cause: thrown });
  } else if (error.status >= 500 || thrown instanceof StorageError)
    exchange.log.warn("request failed", { ...fields, ...reasonOf(error, thrown) });
  // Each push first checks whether its blobs exist: that they do not is no news, and the access line has the 404.
  else if (error.status === 404) exchange.log.debug("request refused", fields);
  else exchange.log.info("request refused", fields);
}

/** Neither the client nor the load explains it: someone must look at the log. */
function isOurFault(error: RegistryError, thrown: unknown): boolean {
  if (thrown instanceof StorageError) return thrown.kind === "unavailable";
  return error.status >= 500 && error.code === ("UNKNOWN" satisfies ErrorCode);
}

/**
 * A storage failure is logged with its own message: a stack does not help to repair the disk. A cause that says the
 * same as the error, such as that of an upstream, is left out, and only its own cause is logged.
 */
function reasonOf(error: RegistryError, thrown: unknown): LogFields {
  if (thrown instanceof StorageError) return { reason: thrown.message };
  const { cause } = error;
  return { cause: cause instanceof Error && cause.message === error.message ? cause.cause : cause };
}
