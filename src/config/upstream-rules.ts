import type { ConfigPath } from "./definition.js";
import type { BrokenRule } from "./findings.js";
import type { UpstreamConfig } from "./proxy-schema.js";

/** An upstream; values that are invalid by themselves are missing. */
export type UpstreamDraft = { readonly [Key in keyof UpstreamConfig]: UpstreamConfig[Key] | undefined };

/** Contradictions within one upstream, or with those before it. */
export function brokenUpstreamRules(upstreams: readonly UpstreamDraft[], index: number): readonly BrokenRule[] {
  const upstream = upstreams[index];
  if (upstream === undefined) return [];
  const path = ["proxy", "upstreams", index];
  return [
    ...missingPrefix(upstream, path),
    ...upstreams.slice(0, index).flatMap((earlier, place) => ambiguity(upstream, earlier, path, place)),
    ...twoCredentials(upstream, path),
    ...pairs.flatMap((pair) => missingHalf(upstream, path, pair)),
  ];
}

/** First component of the names of an upstream's repositories; `undefined` if its name cannot be one. */
export function prefixOf({ prefix, name }: Pick<UpstreamDraft, "prefix" | "name">): string | undefined {
  return prefix ?? (name?.includes(":") ? undefined : name);
}

/** Values of `?ns=` that select an upstream. */
export function namespacesOf({ name, ns }: Pick<UpstreamDraft, "name" | "ns">): readonly string[] {
  return [...(name === undefined ? [] : [name]), ...(ns ?? [])];
}

function missingPrefix(upstream: UpstreamDraft, path: ConfigPath): BrokenRule[] {
  if (upstream.name === undefined || prefixOf(upstream) !== undefined) return [];
  const message = "is missing; a name with a port needs a prefix, since a repository name cannot contain a colon";
  return [{ path: [...path, "prefix"], causedBy: [[...path, "name"]], message }];
}

/** The ways to select an upstream, the most obvious first. */
const meanings = [
  { key: "name", of: ({ name }: UpstreamDraft) => [name] },
  { key: "prefix", of: (upstream: UpstreamDraft) => [prefixOf(upstream)] },
  { key: "ns", of: namespacesOf },
] as const;

function ambiguity(upstream: UpstreamDraft, earlier: UpstreamDraft, path: ConfigPath, place: number): BrokenRule[] {
  for (const { key, of } of meanings) {
    const taken = of(earlier);
    const shared = of(upstream).find((value) => value !== undefined && taken.includes(value));
    if (shared === undefined) continue;
    const message = `${shared} already selects proxy.upstreams[${place}]`;
    return [{ path: [...path, key], causedBy: [[...path, "name"]], message }];
  }
  return [];
}

function twoCredentials({ username, dockerConfig }: UpstreamDraft, path: ConfigPath): BrokenRule[] {
  if (username === undefined || dockerConfig === undefined) return [];
  const message = "username is given too; keep one of them";
  return [{ path: [...path, "dockerConfig"], causedBy: [[...path, "username"]], message }];
}

/** Settings that need each other. */
const pairs = [
  ["username", "password"],
  ["cert", "key"],
] as const;

function missingHalf(upstream: UpstreamDraft, path: ConfigPath, pair: (typeof pairs)[number]): BrokenRule[] {
  const missing = pair.find((key) => upstream[key] === undefined);
  const given = pair.find((key) => upstream[key] !== undefined);
  if (missing === undefined || given === undefined) return [];
  return [{ path: [...path, missing], causedBy: [[...path, given]], message: `is missing; ${given} needs it` }];
}
