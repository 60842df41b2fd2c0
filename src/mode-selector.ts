import type { Config } from "./config/schema.js";
import { BufferPool } from "./http/buffer-pool.js";
import { pullRoutes } from "./http/pull-routes.js";
import { pushRoutes } from "./http/push-routes.js";
import { createRoutes, type Routes } from "./http/router.js";
import { UploadLimit } from "./http/upload-limit.js";
import type { Logger } from "./observability/logger.js";
import { PrivateRegistry } from "./private/private-registry.js";
import type { Registry } from "./registry/registry.js";
import { SwitchableRegistry } from "./registry/switchable-registry.js";
import type { Storage } from "./storage/storage.js";

/** Memory that all running transfers share. */
const transferBufferBytes = 8 * 1024 * 1024;

/** Picks the registry of the configured mode and mounts the routes over it: with `upstream-modes.ts` the one place that knows the modes. */
export class ModeSelector {
  readonly #storage: Storage;
  readonly #log: Logger;
  #registry: SwitchableRegistry | undefined;
  readonly #pool = new BufferPool(transferBufferBytes);

  constructor(storage: Storage, log: Logger) {
    this.#storage = storage;
    this.#log = log;
  }

  /**
   * The routes of the mode that a configuration asks for. Asked again, it switches: requests that run keep their old
   * routes, and pushes that began may be finished by the new ones.
   */
  async select(config: Config): Promise<Routes> {
    const registry = await this.registryOf(config);
    if (this.#registry === undefined) this.#registry = new SwitchableRegistry(registry);
    else this.#registry.switchTo(registry);
    const dependencies = {
      registry: this.#registry,
      pool: this.#pool,
      uploadLimit: new UploadLimit(config.private.uploads.maxConcurrent),
      manifestMaxSize: config.private.manifestMaxSize,
    };
    return createRoutes([...pushRoutes(dependencies), ...pullRoutes(dependencies)]);
  }

  /** The registry of the mode that a configuration asks for, for those who need no routes. */
  async registryOf(config: Config): Promise<Registry> {
    if (config.mode === "private") return new PrivateRegistry(this.#storage, config.private);
    // Loaded when it is asked for: the client of upstreams takes longer to load than the rest of Berth.
    const { hybridRegistryOf, proxyRegistryOf } = await import("./upstream-modes.js");
    const registryOf = config.mode === "proxy" ? proxyRegistryOf : hybridRegistryOf;
    return registryOf(config, this.#storage, this.#log);
  }
}
