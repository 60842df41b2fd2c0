import type { LoadedConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { createLogger } from "../../observability/winston-logger.js";
import { announce } from "../announce.js";
import { logRegistry2 } from "../log-registry2.js";
import { listenForScrapes } from "../open-metrics.js";
import type { Reload } from "../reload.js";
import { StopSignals, stopWhenTold } from "../stop-signals.js";
import { WorkerPool } from "./worker-pool.js";

/** Serves with several processes on one port and one data directory. This process only starts and watches them. */
export async function serveByWorkers(loaded: LoadedConfig, reload: Reload): Promise<void> {
  const { config, registry2 } = loaded;
  const signals = new StopSignals();
  const log = createLogger(config.log, process.stdout);
  try {
    if (registry2 !== undefined) logRegistry2(registry2, log);
    const workers = new WorkerPool(config, log);
    const port = await workers.start();
    const listener = await listenForScrapes(config, await textOf(workers, config), log);
    announce(loaded, port, log);
    reload.begin({ apply: (next) => workers.reconfigure(next), log });
    await stopWhenTold(signals, { serving: workers, grace: () => reload.config.server.shutdownGrace, log });
    reload.stop();
    listener?.close();
  } finally {
    log.flush();
  }
}

/** Combines the metrics of all workers; loaded only if configured. */
async function textOf(workers: WorkerPool, { metrics }: Config): Promise<() => Promise<string>> {
  if (metrics?.path === undefined) return async () => "";
  const { WorkerMetrics } = await import("./worker-metrics.js");
  const all = new WorkerMetrics(workers);
  return () => all.text();
}
