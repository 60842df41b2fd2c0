import type { UpstreamConfig } from "../config/proxy-schema.js";
import type { Config } from "../config/schema.js";
import { namespacesOf, prefixOf } from "../config/upstream-rules.js";
import { Owners, type UpstreamNames } from "../registry/owners.js";

/** The names here of a configured upstream's repositories. */
export function upstreamNamesOf(upstream: UpstreamConfig, byDefault: string | undefined): UpstreamNames {
  const { name, remotePrefix } = upstream;
  return {
    name,
    prefix: prefixOf(upstream) ?? name,
    namespaces: namespacesOf(upstream),
    isDefault: name === byDefault,
    remotePrefix,
  };
}

/** The owners of names in a mode with upstreams. */
export function ownersOf({ mode, private: own, proxy }: Config): Owners {
  const upstreams = proxy.upstreams.map((upstream) => upstreamNamesOf(upstream, proxy.default));
  return mode === "hybrid" ? new Owners(own.repositories, upstreams, "private") : new Owners([], upstreams, "nobody");
}
