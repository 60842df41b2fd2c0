import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Activity } from "../api/activity/activity.js";
import type { ConfiguredUpstream } from "../api/activity/seen-upstreams.js";
import type { CacheState } from "../api/activity/show-summary.js";
import { type Api, createApi } from "../api/api-routes.js";
import type { RepositoryLimits } from "../api/images/repository-limits.js";
import type { Guide } from "../api/setup-guides.js";
import type { AuditTrail } from "../auth/audit/audit-trail.js";
import type { Config } from "../config/schema.js";
import type { Logger } from "../observability/logger.js";
import { isRepositoryName, type RepositoryName } from "../oci/repository-name.js";
import { packageFolder, packageVersion } from "../package-version.js";
import { Quotas } from "../private/quotas.js";
import type { Action } from "../registry/access.js";
import type { Context } from "../registry/context.js";
import type { Registry } from "../registry/registry.js";
import { Policies } from "../retention/policies.js";
import { clients } from "../setup/clients.js";
import { describeRegistry } from "../setup/describe-registry.js";
import { showSetup } from "../setup/show-setup.js";
import type { Storage } from "../storage/storage.js";
import { exampleNamesOf } from "./access/example-names.js";
import { repositoryNamesOf } from "./access/repository-names.js";
import { collectionTimesOf } from "./collection-times.js";
import { upstreamNamesOf } from "./upstream-names.js";

interface ApiParts {
  /** As clients see it. */
  readonly registry: Registry;
  /** The mode alone, without access control. */
  readonly mode: Registry;
  readonly storage: Storage;
  readonly activity: Activity;
  readonly cache: CacheState;
  readonly audit: AuditTrail | undefined;
  readonly log: Logger;
}

const caller = { address: "berth api", network: "berth api" };

/** The API for a configuration. */
export function apiOf(config: Config, { mode, log, ...parts }: ApiParts): Api {
  const context: Context = { id: "api", signal: new AbortController().signal, caller, log };
  return createApi({
    ...parts,
    upstreams: configuredUpstreams(config),
    listAll: (page) => mode.catalog(page, context),
    namesSource: namesSourceOf(config),
    holdsAnything: holdingsIn(parts.storage, config),
    about: {
      version: packageVersion(),
      mode: config.mode,
      service: config.access?.service ?? "berth",
      publicUrl: config.server.publicUrl,
    },
    uploadsExpireMs: config.private.uploads.expire,
    collecting: { times: collectionTimesOf(config), share: config.maintenance.gc.share },
    changeable: changeable(config),
    limits: limitsOf(config, parts.storage),
    shownNameOf: shownNamesOf(config),
    guides: guidesOf(config),
    description: () => readFile(join(packageFolder(), "config", "openapi.yml")),
  });
}

function limitsOf(config: Config, storage: Storage): RepositoryLimits {
  const policies = new Policies(config.retention.policies);
  const quotas = new Quotas(storage, config.mode === "proxy" ? [] : config.private.quotas);
  return {
    guardOf: (name, tag) => {
      const policy = policies.of(name);
      if (policy.immutableBy(tag) !== undefined) return "immutable";
      return policy.protectedBy(tag) === undefined ? undefined : "protected";
    },
    quotasOf: (name) => quotas.recordedUseOf(name),
    quotas: () => quotas.recordedUse(),
  };
}

function configuredUpstreams(config: Config): ConfiguredUpstream[] {
  if (config.mode === "private") return [];
  const examples = exampleNamesOf(config);
  return config.proxy.upstreams.map((upstream) => {
    const { name, prefix, isDefault } = upstreamNamesOf(upstream, config.proxy.default);
    return { name, prefix, isDefault, url: upstream.url, examples: examples.get(name) ?? [] };
  });
}

/** The names that each mode lists. */
function shownNamesOf(config: Config): (stored: RepositoryName) => RepositoryName {
  const { namesOf } = repositoryNamesOf(config);
  return config.mode === "hybrid" ? (stored) => namesOf(stored)[0] ?? stored : (stored) => stored;
}

/** The settings that decide which names are listed, in short. */
function namesSourceOf({ mode, private: { adopt, repositories }, proxy }: Config): string {
  const upstreams = proxy.upstreams.map((upstream) => upstreamNamesOf(upstream, proxy.default));
  return createHash("sha256").update(JSON.stringify({ mode, adopt, repositories, upstreams })).digest("hex");
}

/** Whether a listed repository has tags or manifests. */
function holdingsIn({ index }: Storage, config: Config): (listed: string) => Promise<boolean> {
  const { namesOf } = repositoryNamesOf(config);
  const holds = async (stored: RepositoryName) =>
    (await index.tagNames(stored, { limit: 1 })).length > 0 || (await index.manifests(stored)).length > 0;
  return async (listed) => {
    for (const stored of isRepositoryName(listed) ? namesOf(listed).toReversed() : [])
      if (await holds(stored)) return true;
    return false;
  };
}

function changeable({ mode, private: rules }: Config): readonly Action[] {
  if (mode === "proxy" || rules.readonly) return [];
  return rules.delete ? ["push", "delete"] : ["push"];
}

/** What `berth setup` prints, for a configuration. */
function guidesOf(config: Config): Guide[] {
  return [...clients].map(([name, { kind, meaning, setUp }]) => ({
    name,
    kind,
    meaning,
    textFor: (scheme, address) => {
      const registry = describeRegistry(config, { scheme, address });
      return showSetup(setUp(registry), registry);
    },
  }));
}
