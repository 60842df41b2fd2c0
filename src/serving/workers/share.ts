import { splitAddress, splitAdvertised } from "../../config/address-kinds.js";
import type { Config } from "../../config/schema.js";

/** The configuration of one worker, numbered from 1: limits for Berth as a whole are divided among the workers. */
export function shareOf(config: Config, worker: number): Config {
  const { server, storage, proxy } = config;
  const share = (whole: number) => Math.floor(whole / server.workers) + (worker <= whole % server.workers ? 1 : 0);
  const { uploads } = config.private;
  return {
    ...config,
    server: { ...server, maxConnections: share(server.maxConnections) },
    storage: { ...storage, cache: share(storage.cache) },
    cluster: config.cluster && portsOf(config.cluster, worker),
    private: {
      ...config.private,
      uploads: {
        ...uploads,
        maxConcurrent: share(uploads.maxConcurrent),
        maxOpen: share(uploads.maxOpen),
        maxOpenPerClient: share(uploads.maxOpenPerClient),
      },
    },
    proxy: {
      ...proxy,
      upstreams: proxy.upstreams.map((upstream) => ({
        ...upstream,
        maxConcurrent: share(upstream.maxConcurrent),
        maxDownloads: share(upstream.maxDownloads),
      })),
    },
  };
}

/** What one worker downloads, the others cannot send: each has a port of its own for other replicas. */
function portsOf(cluster: NonNullable<Config["cluster"]>, worker: number): NonNullable<Config["cluster"]> {
  const { listen, advertise } = cluster;
  const at = (place: { readonly host: string; readonly port: number | undefined } | undefined, text: string) => {
    if (place?.port === undefined || place.port === 0) return text;
    return `${place.host.includes(":") ? `[${place.host}]` : place.host}:${place.port + worker - 1}`;
  };
  return {
    ...cluster,
    listen: at(splitAddress(listen), listen),
    advertise: advertise && at(splitAdvertised(advertise), advertise),
  };
}
