import { randomUUID } from "node:crypto";
import type { Config } from "../config/schema.js";
import { packageVersion } from "../package-version.js";
import { ContentRules } from "../proxy/content-rules.js";
import type { SharedLimits } from "../proxy/shared-limits.js";
import type { Upstream } from "../proxy/upstream.js";
import { createUpstreamClient } from "../upstream/create-upstream-client.js";
import { upstreamNamesOf } from "./upstream-names.js";
import { upstreamSettingsOf } from "./upstream-settings.js";

/** The configured upstreams, each with its client and its settings; connects to none yet. */
export async function proxyUpstreamsOf({ proxy }: Config, limits?: SharedLimits): Promise<Upstream[]> {
  const limitsOf = limits && ((upstream: string) => limits.of(upstream));
  const surroundings = { version: packageVersion(), instanceId: randomUUID(), environment: process.env, limitsOf };
  return Promise.all(
    proxy.upstreams.map(async (upstream) => ({
      ...upstreamNamesOf(upstream, proxy.default),
      client: createUpstreamClient(await upstreamSettingsOf(upstream), surroundings),
      rules: new ContentRules(upstream.allow, upstream.deny),
      adopt: upstream.adopt,
      tagTtl: upstream.tagTtl,
      onDelete: upstream.onDelete,
      staleDeadline: upstream.staleDeadline,
      notFoundTtl: upstream.notFoundTtl,
      answerTimeout: upstream.timeouts.answer,
      blobTimeout: Math.max(upstream.timeouts.answer, upstream.timeouts.blob),
      lazyRanges: upstream.lazyRanges,
    })),
  );
}
