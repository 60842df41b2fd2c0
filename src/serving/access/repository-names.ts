import type { RepositoryNames } from "../../auth/caller-access.js";
import type { Config } from "../../config/schema.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { fullNameOf, ownNameOf, storedNameOf } from "../../proxy/upstream-names.js";
import { ownersOf, upstreamNamesOf } from "../upstream-names.js";

/**
 * The names that rules know repositories by. A cached repository has two: the one with its upstream before it, and the
 * bare one where nothing else is called so. However a client asks for it, rules on either apply.
 */
export function repositoryNamesOf(config: Config): RepositoryNames {
  if (config.mode === "private") return { namesOf: (name) => [name], meaningsOf: (name) => [[name]] };
  const owners = ownersOf(config);
  const upstreams = config.proxy.upstreams.map((upstream) => upstreamNamesOf(upstream, config.proxy.default));
  const namespaces = upstreams.flatMap(({ namespaces: each }) => each);
  const namesOf = (name: RepositoryName, namespace?: string): readonly RepositoryName[] => {
    const owner = owners.of(name, namespace);
    const upstream = owner.kind === "upstream" && upstreams.find((each) => each.name === owner.upstream);
    if (!upstream) return [name];
    const stored = storedNameOf(ownNameOf(name, upstream), upstream, owners);
    return [...new Set([fullNameOf(stored, upstream), stored])];
  };
  return {
    namesOf,
    meaningsOf: (name) => [namesOf(name), ...namespaces.map((namespace) => namesOf(name, namespace))],
  };
}
