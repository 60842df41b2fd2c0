import type { Config } from "../../config/schema.js";

/** The configuration of one worker of several, numbered from 1: of what is bounded for Berth as a whole it has its share. */
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
