import type { Cluster } from "../../src/cluster/cluster.js";
import { ContentRules } from "../../src/proxy/content-rules.js";
import type { Upstream } from "../../src/proxy/upstream.js";
import type { CacheBound } from "../../src/serving/cache-bound.js";
import { openServer } from "../../src/serving/open-server.js";
import type { DiskPart } from "../../src/storage/disk-room.js";
import type { Storage } from "../../src/storage/storage.js";
import type { UpstreamSettings } from "../../src/upstream/upstream-settings.js";
import { configWith } from "./config.js";
import { RecordedLog } from "./recorded-log.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";
import { upstreamAt } from "./upstream-client.js";

interface ProxyOptions extends Partial<Upstream> {
  readonly driver?: "filesystem" | "memory";
  readonly finishDownloads?: boolean;
  /** Unusual settings of the client of the upstream. */
  readonly upstreamLimits?: Partial<UpstreamSettings>;
  /** Maximum size of the cache in bytes. */
  readonly maxSize?: number;
  readonly minFree?: DiskPart;
  /** Milliseconds. */
  readonly maxAge?: number;
  /** A storage to use instead of a new folder, such as one that the test can pause between two steps. */
  readonly opened?: Storage;
  /** The other replicas on its bucket. */
  readonly cluster?: Cluster;
}

export interface RunningProxy {
  readonly client: RegistryClient;
  readonly storage: Storage;
  readonly eviction: CacheBound;
  readonly log: RecordedLog;
  readonly port: number;
  readonly root: string;
  stop(): Promise<void>;
}

/** A cache of one upstream in a folder, which by default checks each tag on each pull. */
export async function runProxy(
  scope: Scope,
  upstreamUrl: string,
  options: ProxyOptions & { readonly root?: string } = {},
): Promise<RunningProxy> {
  const { driver = "filesystem", finishDownloads = true, maxSize, minFree, maxAge, upstreamLimits, ...rest } = options;
  const { opened, cluster, root = await scope.folder("cache"), ...policy } = rest;
  const log = new RecordedLog();
  const config = configWith({ mode: "proxy", proxy: { finishDownloads }, storage: { driver, filesystem: { root } } });
  const upstream: Upstream = {
    name: "docker.io",
    prefix: "docker.io",
    namespaces: ["docker.io"],
    isDefault: true,
    rules: new ContentRules([], []),
    adopt: false,
    tagTtl: 0,
    onDelete: "keep",
    staleDeadline: 2_000,
    answerTimeout: 25_000,
    blobTimeout: 600_000,
    lazyRanges: false,
    notFoundTtl: 0,
    client: upstreamAt(scope, upstreamUrl, { name: policy.name ?? "docker.io", outageMemory: 0, ...upstreamLimits }),
    ...policy,
  };
  // The configuration refuses a cache of a few kilobytes.
  const sized = { ...config, proxy: { ...config.proxy, maxSize, minFree, maxAge } };
  const { server, storage, cacheBound, close } = await openServer(sized, log, {
    storage: opened,
    cluster,
    upstreamsOf: async () => [upstream],
    settings: { port: 0 },
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= server.stop(0).then(close);
    return stopped;
  };
  scope.defer(stop);
  const { port } = await server.listen();
  return {
    client: new RegistryClient(`http://127.0.0.1:${port}`),
    storage,
    eviction: cacheBound,
    log,
    port,
    root,
    stop,
  };
}
