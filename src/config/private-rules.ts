import type { ConfigPath } from "./definition.js";
import type { BrokenRule } from "./findings.js";
import type { Config } from "./schema.js";
import { prefixOf, type UpstreamDraft } from "./upstream-rules.js";

/** Patterns of private names that an upstream's prefix takes away: such names would be the upstream's. */
export function shadowedPatterns(
  patterns: Config["private"]["repositories"] | undefined,
  upstreams: readonly UpstreamDraft[],
): BrokenRule[] {
  return (patterns ?? []).flatMap((pattern) => {
    const place = upstreams.findIndex((upstream) => prefixOf(upstream) === pattern.split("/")[0]);
    if (place < 0 || !pattern.includes("/")) return [];
    const upstream: ConfigPath = ["proxy", "upstreams", place];
    const message = `${pattern} begins with the prefix of proxy.upstreams[${place}], whose such names are`;
    return [
      {
        path: ["private", "repositories"],
        causedBy: [
          [...upstream, "prefix"],
          [...upstream, "name"],
        ],
        message,
      },
    ];
  });
}
