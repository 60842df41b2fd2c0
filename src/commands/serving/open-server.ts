import type { Config } from "../../config/schema.js";
import { RegistryServer, type ServerSettings } from "../../http/server.js";
import { beginWork } from "../../maintenance/collection-lock.js";
import { ModeSelector } from "../../mode-selector.js";
import type { Logger } from "../../observability/logger.js";
import { openStorage } from "../../storage/open-storage.js";
import type { Storage } from "../../storage/storage.js";
import { readCertificate } from "./read-certificate.js";

/** What one process serves with. */
export interface OpenedServer {
  readonly server: RegistryServer;
  readonly storage: Storage;
  /**
   * Makes ready for another configuration, and changes nothing yet.
   * @returns what takes it over, which cannot fail
   * @throws if it cannot serve by it
   */
  prepare(config: Config): Promise<() => void>;
  /** To be called when the server has stopped. */
  close(): Promise<void>;
}

/** Opens the storage, and a server with the routes of the mode over it, which listens as soon as it is told to. */
export async function openServer(config: Config, log: Logger): Promise<OpenedServer> {
  const settings = await serverSettings(config);
  const storage = await openStorage(config.storage, log);
  const endWork = await beginWork(storage);
  const modes = new ModeSelector(storage, log);
  const server = new RegistryServer(settings, await modes.select(config), log);
  const prepare = async (next: Config) => {
    const settings = await serverSettings(next);
    const switchMode = await modes.prepare(next);
    return () => server.reconfigure(settings, switchMode());
  };
  const close = async () => {
    await modes.stop();
    await endWork();
  };
  return { server, storage, prepare, close };
}

async function serverSettings(config: Config): Promise<ServerSettings> {
  const { server, log } = config;
  const tls = server.tls && (await readCertificate(server.tls));
  return { ...server, tls, logAccess: log.access };
}
