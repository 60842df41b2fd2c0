import type { Activity } from "../api/activity/activity.js";
import type { Cluster } from "../cluster/cluster.js";
import type { Config } from "../config/schema.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
import { dockerHub } from "../oci/docker-hub.js";
import type { RepositoryName } from "../oci/repository-name.js";
import type { NameResolution } from "../private/name-resolution.js";
import { PrivateRegistry } from "../private/private-registry.js";
import type { CacheRoom } from "../proxy/downloads/cache-room.js";
import type { DownloadObserver } from "../proxy/downloads/download-observer.js";
import { ProxyRegistry } from "../proxy/proxy-registry.js";
import { mayBePulled } from "../proxy/pullable.js";
import { SharedLimits } from "../proxy/shared-limits.js";
import type { Upstream } from "../proxy/upstream.js";
import { fullNameOf, officialNameOf, ownNameOf, storedNameOf } from "../proxy/upstream-names.js";
import { HybridRegistry } from "../registry/hybrid-registry.js";
import { Owners } from "../registry/owners.js";
import type { Registry } from "../registry/registry.js";
import type { Storage } from "../storage/storage.js";
import { privateRulesOf } from "./private-rules.js";
import { proxyUpstreamsOf } from "./upstreams.js";

/** The upstreams of a configuration, each with its client. */
export type UpstreamsOf = (config: Config) => Promise<readonly Upstream[]>;

interface CacheOptions {
  readonly room: CacheRoom;
  readonly log: Logger;
  readonly upstreamsOf?: UpstreamsOf | undefined;
  readonly metrics?: Metrics | undefined;
  readonly activity: Activity;
  readonly cluster?: Cluster | undefined;
}

/** The registry of `mode: proxy`. */
export async function proxyRegistryOf(config: Config, storage: Storage, options: CacheOptions): Promise<ProxyRegistry> {
  const upstreams = await upstreamsFor(config, storage, options);
  return new ProxyRegistry(storage, {
    upstreams,
    owners: new Owners([], upstreams, "nobody"),
    finishDownloads: config.proxy.finishDownloads,
    // As a registry:2 cache names them.
    shownNameOf: (stored) => stored,
    observers: downloadObserversOf(options),
    room: options.room,
    cluster: options.cluster,
    log: options.log,
  });
}

/** The registry of `mode: hybrid`. */
export async function hybridRegistryOf(config: Config, storage: Storage, options: CacheOptions): Promise<Registry> {
  const upstreams = await upstreamsFor(config, storage, options);
  const owners = new Owners(config.private.repositories, upstreams, "private");
  const proxy = new ProxyRegistry(storage, {
    upstreams,
    owners,
    finishDownloads: config.proxy.finishDownloads,
    // The list shows the owner in each name, and each can be pulled by the name shown.
    shownNameOf: fullNameOf,
    observers: downloadObserversOf(options),
    room: options.room,
    cluster: options.cluster,
    log: options.log,
  });
  return new HybridRegistry(
    owners,
    new PrivateRegistry(storage, privateRulesOf(config), {
      resolution: meaningsAmong(upstreams, owners, { storage, ...config.private }),
      cluster: options.cluster,
    }),
    proxy,
  );
}

async function upstreamsFor(
  config: Config,
  storage: Storage,
  { upstreamsOf, metrics, activity, log }: CacheOptions,
): Promise<readonly Upstream[]> {
  // A process that serves alone need not tell anybody.
  const isShared = config.storage.driver === "s3" || config.server.workers > 1;
  const own = () => proxyUpstreamsOf(config, isShared ? new SharedLimits(storage, log) : undefined);
  const upstreams = await (upstreamsOf === undefined ? own() : upstreamsOf(config));
  return upstreams.map((each) => {
    const client = activity.upstreams.observe(each.client);
    return { ...each, client: metrics?.meterClient(client) ?? client };
  });
}

function downloadObserversOf({ metrics, activity }: CacheOptions): readonly DownloadObserver[] {
  return metrics === undefined ? [activity.downloads] : [activity.downloads, metrics.downloads];
}

function meaningsAmong(
  upstreams: readonly Upstream[],
  owners: Owners,
  { storage, adopt }: { readonly storage: Storage; readonly adopt: boolean },
): NameResolution {
  const hub = upstreams.find(({ name }) => name === dockerHub);
  const upstreamOf = (name: RepositoryName) => {
    const owner = owners.of(name);
    return owner.kind === "upstream" ? upstreams.find((each) => each.name === owner.upstream) : undefined;
  };
  return {
    sourceOf: (from) => {
      const upstream = upstreamOf(from);
      return upstream === undefined ? from : storedNameOf(ownNameOf(from, upstream), upstream, owners);
    },
    sourcesBeside: (from) => {
      const upstream = upstreamOf(from);
      return upstream && (async (stored) => (await storage.owners.ownerOf(stored)) === upstream.name);
    },
    mayBeReadFrom: async (name) => {
      const from = await storage.owners.ownerOf(name);
      if (owners.of(name).kind === "private") return from === undefined || adopt;
      const upstream = upstreams.find((each) => each.name === from);
      return upstream !== undefined && mayBePulled(name, upstream, owners);
    },
    otherMeaningOf: (name) => {
      const hubs = hub && officialNameOf(name, hub);
      if (hubs === undefined) return undefined;
      return `it is private here, since ${owners.of(name).because}; Docker Hub's image is ${hubs}`;
    },
  };
}
