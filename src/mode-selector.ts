import type { Config } from "./config/schema.js";
import { BufferPool } from "./http/buffer-pool.js";
import { pullRoutes } from "./http/pull-routes.js";
import { pushRoutes } from "./http/push-routes.js";
import { createRoutes, type Routes } from "./http/router.js";
import { UploadPlaces } from "./http/upload-places.js";
import type { Logger } from "./observability/logger.js";
import { PrivateRegistry } from "./private/private-registry.js";
import type { CacheRoom } from "./proxy/downloads/cache-room.js";
import type { Eviction } from "./proxy/eviction/eviction.js";
import type { Registry } from "./registry/registry.js";
import { SwitchableRegistry } from "./registry/switchable-registry.js";
import type { Storage } from "./storage/storage.js";

/** Memory that all running transfers share. */
const transferBufferBytes = 8 * 1024 * 1024;

/** Picks the registry of the configured mode and mounts the routes over it: with `modes/` the one place that knows the modes. */
export class ModeSelector {
  readonly #storage: Storage;
  readonly #log: Logger;
  #registry: SwitchableRegistry | undefined;
  #eviction: Eviction | undefined;
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
    await this.#bound(config);
    if (this.#registry === undefined) this.#registry = new SwitchableRegistry(registry);
    else this.#registry.switchTo(registry);
    const dependencies = {
      registry: this.#registry,
      pool: this.#pool,
      uploadPlaces: new UploadPlaces(config.private.uploads.maxConcurrent),
      manifestMaxSize: config.private.manifestMaxSize,
      locations: config.server.locations,
      catalogMaxEntries: config.server.catalogMaxEntries,
    };
    return createRoutes([...pushRoutes(dependencies), ...pullRoutes(dependencies)]);
  }

  /** Ends what the mode does beside requests. */
  async stop(): Promise<void> {
    await this.#eviction?.stop();
    this.#eviction = undefined;
  }

  /** Where content is cached, its size is bounded from now on as the configuration says. */
  async #bound(config: Config): Promise<void> {
    await this.stop();
    if (config.mode === "private") return;
    const { Eviction } = await import("./proxy/eviction/eviction.js");
    this.#eviction = new Eviction(this.#storage, config.proxy.maxSize, this.#log);
    this.#eviction.start();
  }

  /** The registry of the mode that a configuration asks for, for those who need no routes. */
  async registryOf(config: Config): Promise<Registry> {
    if (config.mode === "private") return new PrivateRegistry(this.#storage, config.private);
    // Loaded when it is asked for: the client of upstreams takes longer to load than the rest of Berth.
    const { hybridRegistryOf, proxyRegistryOf } = await import("./modes/upstream-modes.js");
    const registryOf = config.mode === "proxy" ? proxyRegistryOf : hybridRegistryOf;
    return registryOf(config, this.#storage, { room: this.#room(), log: this.#log });
  }

  /** That of the eviction which runs just then: it changes with the configuration. */
  #room(): CacheRoom {
    const current = () => this.#eviction;
    return {
      get largest() {
        return current()?.largest ?? Number.POSITIVE_INFINITY;
      },
      left: () => current()?.left() ?? Number.POSITIVE_INFINITY,
      makeRoom: async (bytes) => (await current()?.makeRoom(bytes)) ?? 0,
    };
  }
}
