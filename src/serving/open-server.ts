import type { Activity } from "../api/activity/activity.js";
import type { Cluster } from "../cluster/cluster.js";
import type { Config } from "../config/schema.js";
import { RegistryServer } from "../http/server.js";
import type { ServerSettings } from "../http/server-settings.js";
import { beginWork } from "../maintenance/collection-lock.js";
import type { Metrics, ServingState } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
import { Quotas } from "../private/quotas.js";
import { openStorage } from "../storage/open-storage.js";
import type { Storage } from "../storage/storage.js";
import type { CacheBound } from "./cache-bound.js";
import type { Composition } from "./composition.js";
import type { UpstreamsOf } from "./create-registry.js";
import { joinCluster } from "./join-cluster.js";
import { ModeSelector } from "./mode-selector.js";
import { warnOfWeakStorage } from "./private-rules.js";
import type { ServedTls } from "./tls/served-tls.js";

/** What one process serves with. */
export interface OpenedServer {
  readonly server: RegistryServer;
  readonly storage: Storage;
  readonly cacheBound: CacheBound;
  readonly activity: Activity;
  /**
   * Prepares for another configuration, and changes nothing yet.
   * @returns a function that switches to it and cannot fail
   * @throws if it cannot serve with it
   */
  prepare(config: Config): Promise<() => void>;
  /** Reads in the background what the first clients would otherwise wait for. Call it when the server listens. */
  readAhead(): void;
  /** Call it when the server has stopped. */
  close(): Promise<void>;
}

/** What a program that embeds Berth, such as a test, replaces. */
export interface Embedding {
  readonly storage?: Storage | undefined;
  readonly upstreamsOf?: UpstreamsOf | undefined;
  /** Seed of the token key if no key can be stored: 32 random bytes, the same for all workers. */
  readonly tokenSeed?: Buffer | undefined;
  readonly settings?: Partial<ServerSettings> | undefined;
  /** Collects metrics. */
  readonly metrics?: Metrics | undefined;
  /** The other replicas, if not those of the configuration. */
  readonly cluster?: Cluster | undefined;
}

/** Opens the storage, and a server with the routes of the mode, which does not listen yet. */
export async function openServer(config: Config, log: Logger, embedding: Embedding = {}): Promise<OpenedServer> {
  const { metrics, upstreamsOf, tokenSeed } = embedding;
  const tls = await openTls(config, log);
  const storage = embedding.storage ?? (await openMeteredStorage(config, log, metrics));
  storage.contentLinks.claimMs = config.maintenance.gc.claim;
  storage.sampledReads.share = config.storage.verify;
  const endWork = await beginWork(storage);
  const cluster = embedding.cluster ?? (await joinCluster(config, log));
  const modes = new ModeSelector(storage, { log, upstreamsOf, metrics, tokenSeed, cluster });
  const settingsOf = ({ server, log }: Config, { onDenied }: Composition): ServerSettings => ({
    ...server,
    tls: tls?.current,
    logAccess: log.access,
    onDenied,
    ...embedding.settings,
  });
  const first = await modes.select(config);
  warnOfWeakStorage(config, storage, log);
  const server = new RegistryServer(settingsOf(config, first), first.routes, log, [
    modes.activity.today,
    ...(metrics === undefined ? [] : [metrics.requests]),
  ]);
  let inEffect = config;
  metrics?.begin(stateOf(server, storage, { modes, quotas: () => quotaUse(inEffect, storage) }));
  tls?.watch((renewed) => server.renewTls(renewed));
  const prepare = async (next: Config) => {
    await tls?.refresh();
    const takeOver = await modes.prepare(next);
    warnOfWeakStorage(next, storage, log);
    return () => {
      const composition = takeOver();
      inEffect = next;
      storage.contentLinks.claimMs = next.maintenance.gc.claim;
      storage.sampledReads.share = next.storage.verify;
      server.reconfigure(settingsOf(next, composition), composition.routes);
    };
  };
  const close = async () => {
    tls?.close();
    await modes.stop();
    cluster?.close();
    await endWork();
  };
  const { cacheBound, activity } = modes;
  return { server, storage, cacheBound, activity, prepare, readAhead: () => void first.readAhead(), close };
}

function openMeteredStorage({ storage }: Config, log: Logger, metrics: Metrics | undefined): Promise<Storage> {
  return openStorage(storage, log, metrics && ((driver) => metrics.meterDriver(driver, storage.driver)));
}

/** What metrics read, whichever configuration is in effect. */
function stateOf(
  server: RegistryServer,
  storage: Storage,
  { modes, quotas }: Pick<ServingState, "quotas"> & { readonly modes: ModeSelector },
): ServingState {
  return {
    quotas,
    answers: storage.answers,
    lastCollection: () => storage.collections.lastMs(),
    lastCheck: () => storage.checks.read(),
    verifiedReads: storage.sampledReads.verified,
    localCache: storage.copyDisk,
    running: () => server.running(),
    get cache() {
      return modes.cacheBound;
    },
    get uploads() {
      return modes.uploadsRunning;
    },
    get sessions() {
      return storage.uploads.balance;
    },
  };
}

/** Its code is loaded only where it is used: TLS takes longer to load than the rest of Node's HTTP. */
async function openTls({ server }: Config, log: Logger): Promise<ServedTls | undefined> {
  if (server.tls === undefined) return undefined;
  const { ServedTls } = await import("./tls/served-tls.js");
  return ServedTls.open(server.tls, log);
}

async function quotaUse(config: Config, storage: Storage): ReturnType<ServingState["quotas"]> {
  const isPrivate = config.mode !== "proxy";
  return isPrivate ? new Quotas(storage, config.private.quotas).recordedUse() : [];
}
