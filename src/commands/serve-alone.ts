import type { LoadedConfig } from "../config/load.js";
import { createLogger } from "../observability/winston-logger.js";
import { announce } from "./announce.js";
import { Housekeeping } from "./housekeeping.js";
import { openServer } from "./open-server.js";
import { untilToldToStop } from "./stop-signals.js";

/** Serves with this process alone. */
export async function serveAlone(loaded: LoadedConfig): Promise<void> {
  const { config } = loaded;
  const log = createLogger(config.log, process.stdout);
  try {
    const { server, storage } = await openServer(config, log);
    const { port } = await server.listen();
    const housekeeping = new Housekeeping(storage, config, log);
    announce(loaded, port, log);
    await untilToldToStop(server, config.server.shutdownGrace, log);
    housekeeping.stop();
  } finally {
    log.flush();
  }
}
