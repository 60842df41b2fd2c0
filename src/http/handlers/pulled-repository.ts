import type { Registry } from "../../registry/registry.js";
import type { PullRepository } from "../../registry/repository.js";
import type { Exchange } from "../exchange.js";
import { nameOf, namespaceOf } from "../parameters.js";

/**
 * The repository that the path names. Whoever asked by `?ns=` is told that this was heard (distribution-spec,
 * "Registry Proxying").
 */
export async function pulledRepository(registry: Registry, exchange: Exchange): Promise<PullRepository> {
  const repository = await registry.pull(nameOf(exchange), namespaceOf(exchange), exchange);
  if (repository.namespace !== undefined) exchange.response.setHeader("OCI-Namespace", repository.namespace);
  return repository;
}
