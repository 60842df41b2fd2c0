import type { Logger } from "../../observability/logger.js";
import { RegistryError } from "../../oci/errors.js";
import { UpstreamError } from "../../upstream/upstream-error.js";
import type { WantedBlob } from "./wanted-blob.js";

/** The content does not match the digest, and must not be used. */
export function otherContent(
  { digest, client }: WantedBlob,
  found: { readonly actual: string; readonly size: number },
  log: Logger,
): RegistryError {
  const { name } = client;
  log.warn("upstream sent other content than requested; none of it was stored", { upstream: name, digest, ...found });
  return new RegistryError("UNAVAILABLE", `${name} sent other content than ${digest}`, { status: 502 });
}

/** Another request may bring the rest. */
export function onlyAPart({ client: { name }, digest }: WantedBlob): UpstreamError {
  const message = `${name} sends a part of ${digest} and ends`;
  return new UpstreamError("unavailable", message, { upstream: name, host: name, transient: true });
}

/** More arrives than any mistake in a manifest explains. */
export function endless({ client: { name }, digest, size }: WantedBlob, length: number): UpstreamError {
  const message = `${name} has sent ${length} bytes of ${digest}, which has ${size} bytes according to its manifest`;
  return new UpstreamError("invalid", message, { upstream: name, host: name });
}

export function undecodable({ client: { name }, digest }: WantedBlob, cause: unknown): RegistryError {
  const message = `${name} sends ${digest} encoded, but it cannot be decoded`;
  return new RegistryError("UNAVAILABLE", message, { status: 502, cause });
}
