import { BufferPool } from "../../src/http/buffer-pool.js";
import { pullRoutes } from "../../src/http/pull-routes.js";
import { pushRoutes } from "../../src/http/push-routes.js";
import { createRoutes } from "../../src/http/router.js";
import { RegistryServer } from "../../src/http/server.js";
import { UploadLimit } from "../../src/http/upload-limit.js";
import { ProxyRegistry, type ProxyUpstream } from "../../src/proxy/proxy-registry.js";
import { openStorage } from "../../src/storage/open-storage.js";
import type { Storage } from "../../src/storage/storage.js";
import { configWith } from "./config.js";
import { RecordedLog } from "./recorded-log.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";
import { upstreamAt } from "./upstream-client.js";

interface ProxyOptions extends Partial<Omit<ProxyUpstream, "upstream">> {
  readonly finishDownloads?: boolean;
}

export interface RunningProxy {
  readonly client: RegistryClient;
  readonly storage: Storage;
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
  const { finishDownloads = true, root = await scope.folder("cache"), ...policy } = options;
  const log = new RecordedLog();
  const config = configWith({ storage: { filesystem: { root } } });
  const storage = await openStorage(config.storage, log);
  const upstream: ProxyUpstream = {
    name: "docker.io",
    prefix: "docker.io",
    namespaces: ["docker.io"],
    isDefault: true,
    tagTtl: 0,
    onDelete: "keep",
    staleDeadline: 2_000,
    notFoundTtl: 0,
    upstream: upstreamAt(scope, upstreamUrl, { name: policy.name ?? "docker.io", outageMemory: 0 }),
    ...policy,
  };
  const dependencies = {
    registry: new ProxyRegistry(storage, [upstream], finishDownloads, log),
    pool: new BufferPool(8 * 1024 * 1024),
    uploadLimit: new UploadLimit(10),
    manifestMaxSize: 4 * 1024 * 1024,
  };
  const routes = createRoutes([...pushRoutes(dependencies), ...pullRoutes(dependencies)]);
  const settings = { ...config.server, port: 0, tls: undefined, corsOrigins: [], logAccess: true };
  const server = new RegistryServer(settings, routes, log);
  const { port } = await server.listen();
  scope.defer(() => server.stop(0));
  return {
    client: new RegistryClient(`http://127.0.0.1:${port}`),
    storage,
    log,
    port,
    root,
    stop: () => server.stop(0),
  };
}
