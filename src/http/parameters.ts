import { type Digest, parseDigest } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import { parseReference, type Reference } from "../oci/reference.js";
import { parseRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import type { Registry } from "../registry/registry.js";
import type { PullRepository } from "../registry/repository.js";
import type { Exchange } from "./exchange.js";

/**
 * The repository that the path names. A client that sent `?ns=` is told that it was understood (distribution-spec,
 * "Registry Proxying").
 */
export async function pulledRepository(registry: Registry, exchange: Exchange): Promise<PullRepository> {
  const namespace = exchange.hasQuery ? namespaceOf(exchange) : undefined;
  const repository = await registry.pull(nameOf(exchange), namespace, exchange);
  if (repository.namespace !== undefined) exchange.response.setHeader("OCI-Namespace", repository.namespace);
  return repository;
}

/** Input is parsed here, once: from here on, a name is a RepositoryName and a digest a Digest. */
export function nameOf(exchange: Exchange): RepositoryName {
  const components = exchange.parameters.name;
  return parseRepositoryName(Array.isArray(components) ? components.join("/") : (components ?? ""));
}

export function referenceOf(exchange: Exchange): Reference {
  const { reference } = exchange.parameters;
  return parseReference(typeof reference === "string" ? reference : "");
}

export function digestOfPath(exchange: Exchange): Digest {
  return parseDigest(text(exchange, "digest"));
}

export function uploadIdOf(exchange: Exchange): string {
  return text(exchange, "id");
}

/** @throws RegistryError DIGEST_INVALID if the query has none */
export function digestOfQuery(exchange: Exchange): Digest {
  const digest = exchange.query.get("digest");
  if (digest === null) throw new RegistryError("DIGEST_INVALID", "the query must contain digest=<digest of the blob>");
  return parseDigest(digest);
}

/** The registry that the client means when it uses a mirror: containerd's `?ns=`. An empty value counts as none. */
export function namespaceOf(exchange: Exchange): string | undefined {
  return exchange.query.get("ns") || undefined;
}

function text(exchange: Exchange, parameter: string): string {
  const value = exchange.parameters[parameter];
  return typeof value === "string" ? value : "";
}
