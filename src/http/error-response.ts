import { type ErrorCode, RegistryError } from "../oci/errors.js";
import type { Exchange } from "./exchange.js";
import { discardBody } from "./read-body.js";
import { sendJson } from "./send.js";

/** Errors of the operating system that a client can do something about: wait, or tell the operator. */
const diskErrors: Readonly<Record<string, string>> = {
  ENOSPC: "the registry's disk is full",
  EDQUOT: "the registry's disk quota is used up",
  EROFS: "the registry's disk is read-only",
  EMFILE: "the registry has too many files open",
};

/** The one place that turns errors into answers. Once an answer has begun it can only be broken off. */
export function respondWithError(exchange: Exchange, thrown: unknown): void {
  const error = toRegistryError(thrown);
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
  if (error.status === 405) response.setHeader("Allow", otherMethods(exchange));
  const { code, message, detail } = error;
  sendJson(exchange, error.status, { errors: [{ code, message, ...(detail === undefined ? {} : { detail }) }] });
}

/** What may be asked instead of what may not: a 405 must tell (RFC 9110, section 15.5.6). */
function otherMethods({ knownMethods, request }: Exchange): string {
  return knownMethods.filter((method) => method !== request.method).join(", ");
}

function toRegistryError(thrown: unknown): RegistryError {
  if (thrown instanceof RegistryError) return thrown;
  if (isBadRequest(thrown)) return new RegistryError("NAME_INVALID", "the path is not well encoded", { cause: thrown });
  const onDisk = systemErrorOf(thrown);
  if (onDisk !== undefined)
    return new RegistryError("UNAVAILABLE", onDisk, { cause: thrown, headers: { "Retry-After": "30" } });
  if (thrown instanceof Error && thrown.name === "LockError") {
    return new RegistryError("UNAVAILABLE", "another process works on the same content", {
      cause: thrown,
      headers: { "Retry-After": "5" },
    });
  }
  return new RegistryError("UNKNOWN", undefined, { cause: thrown });
}

/** The router's own error for a path that cannot be decoded. */
function isBadRequest(thrown: unknown): boolean {
  return thrown instanceof Error && "status" in thrown && thrown.status === 400;
}

function systemErrorOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? diskErrors[thrown.code] : undefined;
}

function report(exchange: Exchange, error: RegistryError, thrown: unknown): void {
  if (exchange.isCut) return;
  const fields = { id: exchange.id, code: error.code, status: error.status, message: error.message };
  if (error.status >= 500 && error.code === ("UNKNOWN" satisfies ErrorCode)) {
    exchange.log.error("request failed", { ...fields, cause: thrown });
  } else if (error.status >= 500) exchange.log.warn("request failed", { ...fields, cause: error.cause });
  // Each push asks first whether its blobs are there: that they are not is no news, and the access line has the 404.
  else if (error.status === 404) exchange.log.debug("request refused", fields);
  else exchange.log.info("request refused", fields);
}
