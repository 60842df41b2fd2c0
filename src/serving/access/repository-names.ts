import type { RepositoryNames } from "../../auth/access-rules.js";
import type { Config } from "../../config/schema.js";
import type { RepositoryName } from "../../oci/repository-name.js";
import { fullNameOf, ownNameOf, storedNameOf } from "../../proxy/upstream-names.js";
import { ownersOf, upstreamNamesOf } from "../upstream-names.js";

/**
 * The names under which rules know repositories. A cached repository has two: with its upstream as a prefix, and the
 * bare name, if nothing else has it. Rules for either apply, whichever name a client uses.
 */
export function repositoryNamesOf(config: Config): RepositoryNames {
  if (config.mode === "private") {
    return { namesOf: (name) => [name], meaningsOf: (name) => [[name]], isCached: () => false };
  }
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
    meaningsOf: (name) => {
      const meanings = [undefined, ...namespaces].map((namespace) => namesOf(name, namespace));
      // Most namespaces mean the same: a name contains no space.
      return [...new Map(meanings.map((names) => [names.join(" "), names])).values()];
    },
    isCached: (name) => owners.of(name).kind === "upstream",
  };
}
