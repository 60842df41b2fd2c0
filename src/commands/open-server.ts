import { readFile } from "node:fs/promises";
import type { Config } from "../config/schema.js";
import { RegistryServer, type ServerSettings } from "../http/server.js";
import { ModeSelector } from "../mode-selector.js";
import type { Logger } from "../observability/logger.js";
import { openStorage } from "../storage/open-storage.js";
import type { Storage } from "../storage/storage.js";

/** What one process serves with; it listens as soon as it is told to. */
export interface OpenedServer {
  readonly server: RegistryServer;
  readonly storage: Storage;
}

/** Opens the storage, and a server with the routes of the mode over it. */
export async function openServer(config: Config, log: Logger): Promise<OpenedServer> {
  const storage = await openStorage(config.storage, log);
  const routes = await new ModeSelector(storage, log).select(config);
  return { server: new RegistryServer(await serverSettings(config), routes, log), storage };
}

async function serverSettings(config: Config): Promise<ServerSettings> {
  const { server, log } = config;
  const tls = server.tls && { cert: await readFile(server.tls.cert), key: await readFile(server.tls.key) };
  return { ...server, tls, corsOrigins: server.cors.origins, logAccess: log.access };
}
