import type { Config } from "../../config/schema.js";
import { isRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import { ownersOf, upstreamNamesOf } from "../upstream-names.js";

/** A component that no rule is likely to name. */
const anyComponent = "any";

/**
 * Names that stand for all that the access rules distinguish of each upstream, by its name: one name that each pattern
 * matches, and one that only general patterns match.
 */
export function exampleNamesOf(config: Config): ReadonlyMap<string, readonly RepositoryName[]> {
  const owners = ownersOf(config);
  const examples = new Map<string, RepositoryName[]>();
  const upstreams = config.proxy.upstreams.map((upstream) => upstreamNamesOf(upstream, config.proxy.default));
  const patterns = new Set(["**", ...(config.access?.rules ?? []).flatMap((rule) => rule.in)]);
  const texts = [...patterns].flatMap((pattern) => [
    exampleOf(pattern, anyComponent),
    ...upstreams.map(({ prefix }) => exampleOf(pattern, prefix)),
  ]);
  for (const name of new Set(texts)) {
    const owner = isRepositoryName(name) ? owners.of(name) : undefined;
    if (owner?.kind !== "upstream" || !isRepositoryName(name)) continue;
    examples.set(owner.upstream, [...(examples.get(owner.upstream) ?? []), name]);
  }
  return examples;
}

/** @param start stands for a first component that matches more than one */
function exampleOf(pattern: string, start: string): string {
  const [first = "", ...rest] = pattern.replace(/\$\{user\}/g, anyComponent).split("/");
  const others = rest.map((component) => component.replaceAll(/\*+/g, anyComponent));
  if (!first.includes("*")) return [first, ...others].join("/");
  const beginning = start === anyComponent ? first.replaceAll(/\*+/g, anyComponent) : start;
  return [beginning, ...(others.length > 0 ? others : [anyComponent, anyComponent])].join("/");
}
