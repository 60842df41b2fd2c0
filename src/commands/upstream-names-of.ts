import type { UpstreamConfig } from "../config/proxy-schema.js";
import { namespacesOf, prefixOf } from "../config/upstream-rules.js";
import type { UpstreamNames } from "../proxy/upstream-names.js";

/** How the repositories of a configured upstream are called here. */
export function upstreamNamesOf(upstream: UpstreamConfig, byDefault: string | undefined): UpstreamNames {
  const { name } = upstream;
  return {
    name,
    prefix: prefixOf(upstream) ?? name,
    namespaces: namespacesOf(upstream),
    isDefault: name === byDefault,
  };
}
