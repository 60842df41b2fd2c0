import type { Cluster } from "../../src/cluster/cluster.js";
import type { RegistryServer } from "../../src/http/server.js";
import type { ServerSettings } from "../../src/http/server-settings.js";
import type { Logger } from "../../src/observability/logger.js";
import { openServer } from "../../src/serving/open-server.js";
import type { Storage } from "../../src/storage/storage.js";
import { type ConfigOverrides, configWith } from "./config.js";
import { RecordedLog } from "./recorded-log.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";

export interface RunningBerthOptions extends Omit<ConfigOverrides, "storage"> {
  /** The data directory; without it, everything is kept in memory. */
  readonly root?: string;
  /** A storage to serve from instead, such as one that the test can pause between two steps. */
  readonly opened?: Storage;
  /** The section of the opened storage, where something else reads it too. */
  readonly storageSection?: ConfigOverrides["storage"];
  /** Settings that the configuration would refuse, such as very short times. */
  readonly settings?: Partial<ServerSettings>;
  /** The other replicas on its bucket. */
  readonly joined?: Cluster;
  /** The target of log lines instead of `log`. */
  readonly logger?: Logger;
}

/** A Berth in this process, so that a test can see its log, its storage and its file descriptors. */
export interface RunningBerth {
  readonly server: RegistryServer;
  readonly storage: Storage;
  readonly log: RecordedLog;
  readonly port: number;
  readonly client: RegistryClient;
  /** Prepares for another configuration. @returns a function that switches to it */
  prepare(overrides: ConfigOverrides): Promise<() => void>;
}

/** Serves on a free port until the test is over. */
export async function runBerth(scope: Scope, options: RunningBerthOptions = {}): Promise<RunningBerth> {
  const { root, opened, storageSection, settings, logger, joined, ...overrides } = options;
  const driver = storageSection ?? (root === undefined ? { driver: "memory" as const } : { filesystem: { root } });
  const config = configWith({ ...overrides, storage: driver });
  const log = new RecordedLog();
  const embedding = { storage: opened, cluster: joined, settings: { port: 0, ...settings } };
  const { server, storage, close, ...serving } = await openServer(config, logger ?? log, embedding);
  scope.defer(close);
  const { port } = await server.listen();
  scope.defer(() => server.stop(0));
  const prepare = (overrides: ConfigOverrides) => serving.prepare(configWith({ ...overrides, storage: driver }));
  return { server, storage, log, port, client: new RegistryClient(`http://127.0.0.1:${port}`), prepare };
}

/** Serves from a data directory: by default, a separate empty one. */
export async function runBerthOnDisk(
  scope: Scope,
  options: RunningBerthOptions = {},
): Promise<RunningBerth & { readonly root: string }> {
  const { root = await scope.folder("data") } = options;
  return { root, ...(await runBerth(scope, { ...options, root })) };
}
