import type { Config } from "./config/schema.js";
import { BufferPool } from "./http/buffer-pool.js";
import { pullRoutes } from "./http/pull-routes.js";
import { pushRoutes } from "./http/push-routes.js";
import { createRoutes, type Routes } from "./http/router.js";
import { UploadLimit } from "./http/upload-limit.js";
import { PrivateRegistry } from "./private/private-registry.js";
import type { Registry } from "./registry/registry.js";
import type { Storage } from "./storage/storage.js";

/** Memory that all running transfers share. */
const transferBufferBytes = 8 * 1024 * 1024;

/** Picks the registry of the configured mode and mounts the routes over it: the one place that knows the modes. */
export class ModeSelector {
  readonly #storage: Storage;
  readonly #pool = new BufferPool(transferBufferBytes);

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** The routes of the mode that a configuration asks for. */
  select(config: Config): Routes {
    const services = {
      registry: this.#registryOf(config),
      pool: this.#pool,
      uploadLimit: new UploadLimit(config.private.uploads.maxConcurrent),
      manifestMaxSize: config.private.manifestMaxSize,
    };
    return createRoutes([...pushRoutes(services), ...pullRoutes(services)]);
  }

  #registryOf(config: Config): Registry {
    switch (config.mode) {
      case "private":
        return new PrivateRegistry(this.#storage, config.private);
      case "proxy":
      case "hybrid":
        throw new Error(`mode: ${config.mode} is not there yet; set mode: private`);
    }
  }
}
