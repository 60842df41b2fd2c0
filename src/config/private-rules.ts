import type { ConfigPath } from "./definition.js";
import type { BrokenRule } from "./findings.js";
import type { Config } from "./schema.js";
import { prefixOf, type UpstreamDraft } from "./upstream-rules.js";

/** Private patterns below the prefix of an upstream: their names would belong to the upstream. */
export function shadowedPatterns(
  patterns: Config["private"]["repositories"] | undefined,
  upstreams: readonly UpstreamDraft[],
): BrokenRule[] {
  return (patterns ?? []).flatMap((pattern) => {
    const place = upstreams.findIndex((upstream) => prefixOf(upstream) === pattern.split("/")[0]);
    if (place < 0 || !pattern.includes("/")) return [];
    const upstream: ConfigPath = ["proxy", "upstreams", place];
    const message = `${pattern} begins with the prefix of proxy.upstreams[${place}], which owns such names`;
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
