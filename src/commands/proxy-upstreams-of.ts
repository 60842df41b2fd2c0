import { randomUUID } from "node:crypto";
import type { UpstreamConfig } from "../config/proxy-schema.js";
import type { Config } from "../config/schema.js";
import { namespacesOf, prefixOf } from "../config/upstream-rules.js";
import { packageVersion } from "../package-version.js";
import type { ProxyUpstream } from "../proxy/proxy-registry.js";
import { createUpstream } from "../upstream/create-upstream.js";
import { upstreamSettingsOf } from "./upstream-settings-of.js";

/** The upstreams of a configuration, each with its client and what the operator wants of it; connects to none yet. */
export async function proxyUpstreamsOf({ proxy }: Config): Promise<ProxyUpstream[]> {
  const surroundings = { version: packageVersion(), instanceId: randomUUID(), environment: process.env };
  return Promise.all(
    proxy.upstreams.map(async (upstream) => ({
      ...namesOf(upstream, proxy.default),
      upstream: createUpstream(await upstreamSettingsOf(upstream), surroundings),
      tagTtl: upstream.tagTtl,
      onDelete: upstream.onDelete,
      staleDeadline: upstream.staleDeadline,
      notFoundTtl: upstream.notFoundTtl,
    })),
  );
}

function namesOf(upstream: UpstreamConfig, byDefault: string | undefined) {
  const { name } = upstream;
  return {
    name,
    prefix: prefixOf(upstream) ?? name,
    namespaces: namespacesOf(upstream),
    isDefault: name === byDefault,
  };
}
