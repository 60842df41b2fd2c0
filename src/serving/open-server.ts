import type { Config } from "../config/schema.js";
import { RegistryServer, type ServerSettings } from "../http/server.js";
import { beginWork } from "../maintenance/collection-lock.js";
import type { Logger } from "../observability/logger.js";
import { openStorage } from "../storage/open-storage.js";
import type { Storage } from "../storage/storage.js";
import { ModeSelector } from "./mode-selector.js";
import { ServedTls } from "./tls/served-tls.js";

/** What one process serves with. */
export interface OpenedServer {
  readonly server: RegistryServer;
  readonly storage: Storage;
  /**
   * Prepares for another configuration, and changes nothing yet.
   * @returns a function that switches to it and cannot fail
   * @throws if it cannot serve with it
   */
  prepare(config: Config): Promise<() => void>;
  /** Call it when the server has stopped. */
  close(): Promise<void>;
}

/** Opens the storage, and a server with the routes of the mode, which does not listen yet. */
export async function openServer(config: Config, log: Logger): Promise<OpenedServer> {
  const tls = config.server.tls && (await ServedTls.open(config.server.tls, log));
  const storage = await openStorage(config.storage, log);
  const endWork = await beginWork(storage);
  const modes = new ModeSelector(storage, log);
  const server = new RegistryServer(settingsOf(config, tls), await modes.select(config), log);
  tls?.watch((renewed) => server.renewTls(renewed));
  const prepare = async (next: Config) => {
    await tls?.refresh();
    const switchMode = await modes.prepare(next);
    return () => server.reconfigure(settingsOf(next, tls), switchMode());
  };
  const close = async () => {
    tls?.close();
    await modes.stop();
    await endWork();
  };
  return { server, storage, prepare, close };
}

function settingsOf({ server, log }: Config, tls: ServedTls | undefined): ServerSettings {
  return { ...server, tls: tls?.current, logAccess: log.access };
}
