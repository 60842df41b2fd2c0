import type { LoadedConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { createLogger } from "../observability/winston-logger.js";
import { announce } from "./announce.js";
import { Housekeeping } from "./housekeeping.js";
import { listen } from "./listen.js";
import { logRegistry2 } from "./log-registry2.js";
import { listenForScrapes, openMetrics, scrape } from "./open-metrics.js";
import { openServer } from "./open-server.js";
import type { Reload } from "./reload.js";
import { StopSignals, stopWhenTold } from "./stop-signals.js";

/** Serves with a single process. */
export async function serveAlone(loaded: LoadedConfig, reload: Reload): Promise<void> {
  const { config, registry2 } = loaded;
  const log = createLogger(config.log, process.stdout);
  try {
    if (registry2 !== undefined) logRegistry2(registry2, log);
    const metrics = await openMetrics(config);
    const { server, storage, prepare, readAhead, close } = await openServer(config, log, { metrics });
    const signals = new StopSignals();
    const housekeeping = await Housekeeping.begin(config, { storage, metrics, log });
    const listener = await listenForScrapes(config, () => scrape(metrics), log);
    const { port } = await listen(server, config);
    announce(loaded, port, log);
    readAhead();
    const apply = async (next: Config) => {
      const takeOver = await prepare(next);
      takeOver();
      housekeeping.reconfigure(next);
    };
    reload.begin({ apply, log });
    await stopWhenTold(signals, { serving: server, grace: () => reload.config.server.shutdownGrace, log });
    reload.stop();
    listener?.close();
    await housekeeping.stop();
    await close();
  } finally {
    log.flush();
  }
}
