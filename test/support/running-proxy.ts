import { BodyRooms } from "../../src/http/body-room.js";
import { BufferPool } from "../../src/http/buffer-pool.js";
import { pullRoutes } from "../../src/http/pull-routes.js";
import { pushRoutes } from "../../src/http/push-routes.js";
import { createRoutes } from "../../src/http/router.js";
import { RegistryServer } from "../../src/http/server.js";
import { UploadPlaces } from "../../src/http/upload-places.js";
import { ContentRules } from "../../src/proxy/content-rules.js";
import { Eviction } from "../../src/proxy/eviction/eviction.js";
import { ProxyRegistry, type ProxyUpstream } from "../../src/proxy/proxy-registry.js";
import { Owners } from "../../src/registry/owners.js";
import { openStorage } from "../../src/storage/open-storage.js";
import type { Storage } from "../../src/storage/storage.js";
import type { UpstreamSettings } from "../../src/upstream/upstream-settings.js";
import { configWith } from "./config.js";
import { RecordedLog } from "./recorded-log.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";
import { upstreamAt } from "./upstream-client.js";

interface ProxyOptions extends Partial<ProxyUpstream> {
  readonly driver?: "filesystem" | "memory";
  readonly finishDownloads?: boolean;
  /** What of the client of the upstream is not as usual. */
  readonly upstreamLimits?: Partial<UpstreamSettings>;
  /** Bytes that the cache may take. */
  readonly maxSize?: number;
  /** What to keep the content in instead of a fresh folder, such as a storage that the test can stop between two steps. */
  readonly opened?: Storage;
}

export interface RunningProxy {
  readonly client: RegistryClient;
  readonly storage: Storage;
  readonly eviction: Eviction;
  readonly log: RecordedLog;
  readonly port: number;
  readonly root: string;
  stop(): Promise<void>;
}

/** A cache of one upstream that keeps what it fetches in a folder, and asks for each tag anew unless told otherwise. */
export async function runProxy(
  scope: Scope,
  upstreamUrl: string,
  options: ProxyOptions & { readonly root?: string } = {},
): Promise<RunningProxy> {
  const { driver = "filesystem", finishDownloads = true, maxSize, upstreamLimits, ...rest } = options;
  const { opened, root = await scope.folder("cache"), ...policy } = rest;
  const log = new RecordedLog();
  const config = configWith({ storage: { driver, filesystem: { root } } });
  const storage = opened ?? (await openStorage(config.storage, log));
  const upstream: ProxyUpstream = {
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
    upstream: upstreamAt(scope, upstreamUrl, { name: policy.name ?? "docker.io", outageMemory: 0, ...upstreamLimits }),
    ...policy,
  };
  const eviction = new Eviction(storage, maxSize, log);
  eviction.start();
  scope.defer(() => eviction.stop());
  const dependencies = {
    registry: new ProxyRegistry(storage, {
      upstreams: [upstream],
      owners: new Owners([], [upstream], "nobody"),
      finishDownloads,
      shownNameOf: (stored) => stored,
      room: eviction,
      log,
    }),
    pool: new BufferPool(8 * 1024 * 1024),
    uploadPlaces: new UploadPlaces(10),
    bodyRooms: new BodyRooms(10_000_000),
    manifestMaxSize: 4 * 1024 * 1024,
    locations: config.server.locations,
    catalogMaxEntries: config.server.catalogMaxEntries,
  };
  const routes = createRoutes([...pushRoutes(dependencies), ...pullRoutes(dependencies)]);
  const settings = { ...config.server, port: 0, tls: undefined, logAccess: true };
  const server = new RegistryServer(settings, routes, log);
  const { port } = await server.listen();
  scope.defer(() => server.stop(0));
  return {
    client: new RegistryClient(`http://127.0.0.1:${port}`),
    storage,
    eviction,
    log,
    port,
    root,
    stop: async () => {
      await server.stop(0);
      await eviction.stop();
    },
  };
}
