import { AuditedRegistry } from "../auth/audit/audited-registry.js";
import { GuardedRegistry } from "../auth/guarded-registry.js";
import type { Config } from "../config/schema.js";
import { authenticated } from "../http/authentication.js";
import { BodyRooms } from "../http/body-room.js";
import { BufferPool } from "../http/buffer-pool.js";
import { tokenRoutes } from "../http/handlers/token.js";
import { pullRoutes } from "../http/pull-routes.js";
import { pushRoutes } from "../http/push-routes.js";
import { createRoutes, type Routes } from "../http/router.js";
import { UploadPlaces } from "../http/upload-places.js";
import type { Logger } from "../observability/logger.js";
import { PrivateRegistry } from "../private/private-registry.js";
import type { CacheRoom } from "../proxy/downloads/cache-room.js";
import type { Eviction } from "../proxy/eviction/eviction.js";
import type { Registry } from "../registry/registry.js";
import { SwitchableRegistry } from "../registry/switchable-registry.js";
import type { Storage } from "../storage/storage.js";
import { openAuditTrail } from "./access/audit-writer.js";
import { createGuard, type Guard } from "./access/create-access-control.js";

/** Memory for all running transfers together. */
const transferBufferBytes = 8 * 1024 * 1024;

/** Memory for manifests that are being received; parsing and storing each takes a multiple. */
const bodyBytes = 16 * 1024 * 1024;

/**
 * Creates the registry of the configured mode and its routes. With `create-registry.ts`, the only place that knows the
 * modes.
 */
export class ModeSelector {
  readonly #storage: Storage;
  readonly #log: Logger;
  #registry: SwitchableRegistry | undefined;
  #guard: Guard | undefined;
  #eviction: Eviction | undefined;
  #boundedBy: CacheBound | undefined;
  /** Settles when everything of earlier configurations has ended. */
  #retired: Promise<unknown> = Promise.resolve();
  /** One for all configurations: running uploads count, whichever they began under. */
  readonly #uploadPlaces = new UploadPlaces(Number.POSITIVE_INFINITY);
  readonly #bodyRooms = new BodyRooms(bodyBytes);
  readonly #pool = new BufferPool(transferBufferBytes);

  constructor(storage: Storage, log: Logger) {
    this.#storage = storage;
    this.#log = log;
  }

  /** The routes for a configuration. */
  async select(config: Config): Promise<Routes> {
    return (await this.prepare(config))();
  }

  /**
   * Creates everything that a configuration needs, and changes nothing yet.
   * @returns a function that switches to it and cannot fail: running requests keep their old routes, and the new ones
   * may finish pushes that began before
   * @throws if Berth cannot serve with it
   */
  async prepare(config: Config): Promise<() => Routes> {
    const registry = await this.registryOf(config);
    const audit = await openAuditTrail(config.access?.audit, this.#log);
    const guard = await createGuard(config, { storage: this.#storage, audit, log: this.#log });
    const bound = await boundOf(config);
    return () => {
      this.#guard?.close();
      this.#guard = guard;
      guard?.start();
      this.#bound(bound);
      if (this.#registry === undefined) this.#registry = new SwitchableRegistry(registry);
      else this.#registry.switchTo(registry);
      this.#uploadPlaces.limitTo(config.private.uploads.maxConcurrent);
      const audited = audit === undefined ? this.#registry : new AuditedRegistry(this.#registry, audit);
      return this.#routesTo(audited, config);
    };
  }

  #routesTo(registry: Registry, config: Config): Routes {
    const guard = this.#guard;
    const dependencies = {
      registry: guard === undefined ? registry : new GuardedRegistry(registry),
      pool: this.#pool,
      uploadPlaces: this.#uploadPlaces,
      bodyRooms: this.#bodyRooms,
      manifestMaxSize: config.private.manifestMaxSize,
      locations: config.server.locations,
      catalogMaxEntries: config.server.catalogMaxEntries,
    };
    const resources = [...pushRoutes(dependencies), ...pullRoutes(dependencies)];
    if (guard === undefined) return createRoutes(resources);
    const { control } = guard;
    const routes = createRoutes([...resources, ...tokenRoutes(control)]);
    return authenticated(routes, { control, publicUrl: config.server.publicUrl });
  }

  /** Stops the background tasks of the mode. */
  async stop(): Promise<void> {
    this.#guard?.close();
    this.#bound(undefined);
    await this.#retired;
  }

  /** Keeps the cache within the configured size, for callers that need no routes. */
  async keepBound(config: Config): Promise<void> {
    this.#bound(await boundOf(config));
  }

  /** Brings the cache within its size now, for callers that end before the next check. */
  async settleBound(): Promise<void> {
    await this.#eviction?.settle();
  }

  /** Only one eviction is active at a time: the previous one is stopped at once. */
  #bound(bound: CacheBound | undefined): void {
    const before = this.#boundedBy;
    if (bound !== undefined && before !== undefined && bound.maxSize === before.maxSize) return;
    const retired = this.#eviction;
    this.#retired = Promise.all([this.#retired, retired?.stop().catch((cause) => this.#noteLoss(cause))]);
    this.#boundedBy = bound;
    this.#eviction = bound && new bound.Eviction(this.#storage, bound.maxSize, this.#log);
    this.#eviction?.start();
    const eviction = this.#eviction;
    this.#storage.makeRoom = async (bytes) => eviction?.makeRoom(bytes) ?? 0;
  }

  #noteLoss(cause: unknown): void {
    this.#log.error("when cached images were last used could not be written", { cause });
  }

  /** The registry of the configured mode, for callers that need no routes. */
  async registryOf(config: Config): Promise<Registry> {
    if (config.mode === "private") return new PrivateRegistry(this.#storage, config.private);
    // Loaded on demand: the client for upstreams takes longer to load than the rest of Berth.
    const { hybridRegistryOf, proxyRegistryOf } = await import("./create-registry.js");
    const registryOf = config.mode === "proxy" ? proxyRegistryOf : hybridRegistryOf;
    return registryOf(config, this.#storage, { room: this.#room(), log: this.#log });
  }

  /** Of the current eviction, which changes with the configuration. */
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

/** The size limit of the cache. */
interface CacheBound {
  readonly Eviction: typeof Eviction;
  readonly maxSize: number | undefined;
}

/** `undefined` if nothing is cached. */
async function boundOf({ mode, proxy }: Config): Promise<CacheBound | undefined> {
  if (mode === "private") return undefined;
  const { Eviction } = await import("../proxy/eviction/eviction.js");
  return { Eviction, maxSize: proxy.maxSize };
}
