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
