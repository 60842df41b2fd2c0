import { randomBytes } from "node:crypto";
import { Activity } from "../api/activity/activity.js";
import { AuditedRepository } from "../auth/audit/audited-repository.js";
import { GuardedRegistry } from "../auth/guarded-registry.js";
import type { Cluster } from "../cluster/cluster.js";
import type { Config } from "../config/schema.js";
import { recordDenials } from "../http/recorded-denials.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
import { PrivateRegistry } from "../private/private-registry.js";
import { ContinuedPushes } from "../registry/continued-pushes.js";
import { ObservedRegistry } from "../registry/observed-registry.js";
import type { Registry } from "../registry/registry.js";
import type { Storage } from "../storage/storage.js";
import { openAuditTrail } from "./access/audit-writer.js";
import { guardOf } from "./access/configured-guard.js";
import type { Guard } from "./access/create-access-control.js";
import { apiOf } from "./api.js";
import { CacheBound } from "./cache-bound.js";
import type { Composition, Protection } from "./composition.js";
import type { UpstreamsOf } from "./create-registry.js";
import { type Notifications, notificationsOf } from "./events.js";
import { privateRulesOf } from "./private-rules.js";
import { RouteBuilder } from "./route-builder.js";

interface ModeSelectorOptions {
  readonly log: Logger;
  /** The upstreams of a configuration, if not from its settings. */
  readonly upstreamsOf?: UpstreamsOf | undefined;
  /** Seed of the token key if no key can be stored: 32 random bytes, the same for all workers. */
  readonly tokenSeed?: Buffer | undefined;
  /** Collects metrics. */
  readonly metrics?: Metrics | undefined;
  /** The other replicas, if they share downloads. */
  readonly cluster?: Cluster | undefined;
}

/** Composes the configured mode. With `create-registry.ts`, the only place that knows the modes. */
export class ModeSelector {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #around: Pick<ModeSelectorOptions, "upstreamsOf" | "metrics" | "cluster">;
  /** One for all configurations, like those below: running requests count, whichever they began under. */
  readonly cacheBound: CacheBound;
  readonly activity: Activity;
  readonly #pushes = new ContinuedPushes();
  readonly #tokenSeed: Buffer;
  readonly #routes = new RouteBuilder();
  #current:
    | {
        readonly composition: Composition;
        readonly mode: Registry;
        readonly guard: Guard | undefined;
        readonly notifications: Notifications;
      }
    | undefined;

  constructor(storage: Storage, { log, tokenSeed, ...around }: ModeSelectorOptions) {
    this.#tokenSeed = tokenSeed ?? randomBytes(32);
    this.#storage = storage;
    this.#log = log;
    this.#around = around;
    this.activity = new Activity({
      storage,
      log,
      uploads: () => this.uploadsRunning,
      cacheSize: () => this.cacheBound.askSize(),
    });
    this.cacheBound = new CacheBound(storage, log, around.metrics?.stored);
  }

  /** Puts a configuration into effect. @throws if Berth cannot serve with it */
  async select(config: Config): Promise<Composition> {
    return (await this.prepare(config))();
  }

  /**
   * Creates everything that a configuration needs, and changes nothing yet. Callers prepare one after another.
   * @returns a function that puts it into effect in one step and cannot fail: running requests keep what they began
   * with, and clients may finish pushes that began before
   * @throws if Berth cannot serve with it
   */
  async prepare(config: Config): Promise<() => Composition> {
    const mode = await this.registryOf(config);
    const audit = await openAuditTrail(config.access?.audit, this.#log);
    const around = { storage: this.#storage, log: this.#log };
    const passwords = this.#current?.guard?.passwords;
    const guard = await guardOf(config, { ...around, audit, tokenSeed: this.#tokenSeed, passwords });
    const notifications = await notificationsOf(config, { ...around, metrics: this.#around.metrics?.events });
    const boundCache = await this.cacheBound.prepare(config);
    const composition = this.#compose(config, mode, { audit, guard, notifications });
    return () => {
      void this.#current?.notifications.close();
      this.#current?.composition.close();
      if (this.#current !== undefined) this.#pushes.retire(this.#current.mode);
      this.#current = { composition, mode, guard, notifications };
      this.activity.upstreams.onQuotaLow = notifications.quotaLow;
      guard?.start();
      boundCache();
      this.#routes.limitTo(config);
      return composition;
    };
  }

  /** The registry of the configured mode, for callers that need no routes. */
  async registryOf(config: Config): Promise<Registry> {
    if (config.mode === "private") return new PrivateRegistry(this.#storage, privateRulesOf(config), this.#around);
    // Loaded only if needed: the client of upstreams takes longer to load than the rest of Berth.
    const { hybridRegistryOf, proxyRegistryOf } = await import("./create-registry.js");
    const registryOf = config.mode === "proxy" ? proxyRegistryOf : hybridRegistryOf;
    return registryOf(config, this.#storage, {
      room: this.cacheBound,
      log: this.#log,
      activity: this.activity,
      ...this.#around,
    });
  }

  /** Uploads that are being received. */
  get uploadsRunning(): number {
    return this.#routes.uploadsRunning;
  }

  async stop(): Promise<void> {
    this.#current?.composition.close();
    await this.#current?.notifications.close();
    await this.cacheBound.stop();
    await this.activity.stop();
  }

  #compose(config: Config, mode: Registry, { audit, guard, notifications }: Protection): Composition {
    const continued = notifications.observe(this.#pushes.across(mode));
    const audited =
      audit === undefined
        ? continued
        : new ObservedRegistry(continued, { push: (repository) => new AuditedRepository(repository, audit) });
    const registry = guard === undefined ? audited : new GuardedRegistry(audited);
    const api = apiOf(config, {
      registry,
      mode,
      storage: this.#storage,
      activity: this.activity,
      cache: this.cacheBound,
      audit,
      log: this.#log,
    });
    return {
      registry,
      routes: this.#routes.build(config, { registry, api, guard }),
      onDenied: audit && recordDenials(audit),
      readAhead: () => api.readNames(),
      close: () => {
        guard?.close();
        api.close();
      },
    };
  }
}
