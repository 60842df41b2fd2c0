import type { RegistryServer, ServerSettings } from "../../src/http/server.js";
import type { Logger } from "../../src/observability/logger.js";
import { openServer } from "../../src/serving/open-server.js";
import type { Storage } from "../../src/storage/storage.js";
import { type ConfigOverrides, configWith } from "./config.js";
import { RecordedLog } from "./recorded-log.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";

export interface RunningBerthOptions extends Omit<ConfigOverrides, "storage"> {
  /** The data directory; all is kept in memory without. */
  readonly root?: string;
  /** What to serve from instead, such as a storage that the test can stop between two steps. */
  readonly opened?: Storage;
  /** What the configuration would not take, such as very short times. */
  readonly settings?: Partial<ServerSettings>;
  /** Where log lines go instead of `log`. */
  readonly logger?: Logger;
}

/** A Berth in this process, so that a test sees its log, its storage and its file descriptors. */
export interface RunningBerth {
  readonly server: RegistryServer;
  readonly storage: Storage;
  readonly log: RecordedLog;
  readonly port: number;
  readonly client: RegistryClient;
  /** Makes ready for another configuration. @returns what takes it over */
  prepare(overrides: ConfigOverrides): Promise<() => void>;
}

/** Serves on a free port until the test is over. */
export async function runBerth(scope: Scope, options: RunningBerthOptions = {}): Promise<RunningBerth> {
  const { root, opened, settings, logger, ...overrides } = options;
  const driver = root === undefined ? { driver: "memory" as const } : { filesystem: { root } };
  const config = configWith({ ...overrides, storage: driver });
  const log = new RecordedLog();
  const embedding = { storage: opened, settings: { port: 0, ...settings } };
  const { server, storage, close, ...serving } = await openServer(config, logger ?? log, embedding);
  scope.defer(close);
  const { port } = await server.listen();
  scope.defer(() => server.stop(0));
  const prepare = (overrides: ConfigOverrides) => serving.prepare(configWith({ ...overrides, storage: driver }));
  return { server, storage, log, port, client: new RegistryClient(`http://127.0.0.1:${port}`), prepare };
}

/** Serves from a data directory: an empty one of the test's own, unless one is given. */
export async function runBerthOnDisk(
  scope: Scope,
  options: RunningBerthOptions = {},
): Promise<RunningBerth & { readonly root: string }> {
  const { root = await scope.folder("data") } = options;
  return { root, ...(await runBerth(scope, { ...options, root })) };
}
