import type { Config } from "./config/schema.js";
import { BufferPool } from "./http/buffer-pool.js";
import { pullRoutes } from "./http/pull-routes.js";
import { pushRoutes } from "./http/push-routes.js";
import { createRoutes, type Routes } from "./http/router.js";
import { UploadLimit } from "./http/upload-limit.js";
import type { Logger } from "./observability/logger.js";
import { PrivateRegistry } from "./private/private-registry.js";
import type { Registry } from "./registry/registry.js";
import type { Storage } from "./storage/storage.js";

/** Memory that all running transfers share. */
const transferBufferBytes = 8 * 1024 * 1024;

/** Picks the registry of the configured mode and mounts the routes over it: the one place that knows the modes. */
export class ModeSelector {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #pool = new BufferPool(transferBufferBytes);

  constructor(storage: Storage, log: Logger) {
    this.#storage = storage;
    this.#log = log;
  }

  /** The routes of the mode that a configuration asks for. */
  async select(config: Config): Promise<Routes> {
    const dependencies = {
      registry: await this.#registryOf(config),
      pool: this.#pool,
      uploadLimit: new UploadLimit(config.private.uploads.maxConcurrent),
      manifestMaxSize: config.private.manifestMaxSize,
    };
    return createRoutes([...pushRoutes(dependencies), ...pullRoutes(dependencies)]);
  }

  async #registryOf(config: Config): Promise<Registry> {
    switch (config.mode) {
      case "private":
        return new PrivateRegistry(this.#storage, config.private);
      case "proxy":
        return this.#proxyRegistryOf(config);
      case "hybrid":
        throw new Error("mode: hybrid is not there yet; set mode: private or mode: proxy");
    }
  }

  /** Loaded when it is asked for: the client of upstreams takes longer to load than the rest of Berth. */
  async #proxyRegistryOf(config: Config): Promise<Registry> {
    const [{ ProxyRegistry }, { proxyUpstreamsOf }] = await Promise.all([
      import("./proxy/proxy-registry.js"),
      import("./commands/proxy-upstreams-of.js"),
    ]);
    return new ProxyRegistry(this.#storage, await proxyUpstreamsOf(config), config.proxy.finishDownloads, this.#log);
  }
}
