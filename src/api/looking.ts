import type { Exchange } from "../http/exchange.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { Context } from "../registry/context.js";
import type { Registry } from "../registry/registry.js";
import type { PullRepository } from "../registry/repository.js";

/** The request of a client that only looks: nothing is downloaded for it, and no image counts as used. */
export function looking(exchange: Exchange): Context {
  const { id, caller, access, client, trail } = exchange;
  return {
    id,
    caller,
    access,
    client,
    trail,
    onlyLooks: true,
    // Both are created on first use.
    get signal() {
      return exchange.signal;
    },
    get log() {
      return exchange.log;
    },
  };
}

/**
 * A repository as it is stored. Its `name` is the one that it is stored under.
 * @throws RegistryError if the client may not pull from it, or the name has no owner
 */
export function lookAt(registry: Registry, exchange: Exchange, name: RepositoryName): Promise<PullRepository> {
  return registry.pull(name, undefined, looking(exchange));
}
