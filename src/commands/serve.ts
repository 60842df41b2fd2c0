import { readFile } from "node:fs/promises";
import { loadConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { RegistryServer, type ServerSettings } from "../http/server.js";
import { beginWork } from "../maintenance/collection-lock.js";
import { UploadPurge } from "../maintenance/upload-purge.js";
import { ModeSelector } from "../mode-selector.js";
import type { Logger } from "../observability/logger.js";
import { createLogger } from "../observability/winston-logger.js";
import { packageVersion } from "../package-version.js";
import { openStorage } from "../storage/open-storage.js";
import { adoptRegistry2Cache } from "./adopt-registry2-cache.js";
import { logRegistry2 } from "./log-registry2.js";

/** Starts Berth and serves until it is told to stop. */
export async function serve(options: { config?: string | undefined }): Promise<void> {
  const { config, file, registry2 } = await loadConfig({
    file: options.config,
    environment: process.env,
    directory: process.cwd(),
  });
  const log = createLogger(config.log, process.stdout);
  try {
    if (registry2 !== undefined) logRegistry2(registry2, log);
    const storage = await openStorage(config.storage, log);
    const endWork = await beginWork(storage);
    await adoptRegistry2Cache(config, storage, log);
    const modes = new ModeSelector(storage, log);
    const server = new RegistryServer(await serverSettings(config), await modes.select(config), log);
    const purge = new UploadPurge(storage, config.private.uploads, log);
    const address = await server.listen();
    announce(config, file, address.port, log);
    await untilToldToStop(server, config.server.shutdownGrace, log);
    purge.stop();
    await modes.stop();
    endWork();
  } finally {
    log.flush();
  }
}

async function serverSettings(config: Config): Promise<ServerSettings> {
  const { server, log } = config;
  const tls = server.tls && { cert: await readFile(server.tls.cert), key: await readFile(server.tls.key) };
  return { ...server, tls, corsOrigins: server.cors.origins, logAccess: log.access };
}

function announce(config: Config, file: string | undefined, port: number, log: Logger): void {
  const { host, tls } = config.server;
  log.info("serving", {
    version: packageVersion(),
    mode: config.mode,
    address: `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    config: file ?? "defaults",
    data: config.storage.driver === "filesystem" ? config.storage.filesystem.root : config.storage.driver,
  });
  if (isLoopback(host)) log.info("only this machine can connect; server.host: 0.0.0.0 lets others in");
  else log.warn("everybody who can connect may pull and push: there is no access control yet", { host });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Under `npm start` one stop may be two signals: the process group gets it, and npm passes its own on. */
const oneStopMs = 300;

/** The first signal lets what runs end, the second ends it. */
async function untilToldToStop(server: RegistryServer, graceMs: number, log: Logger): Promise<void> {
  const signal = await nextSignal();
  log.info("stopping: running transfers may end", { signal, graceSeconds: graceMs / 1000 });
  void nextSignal(oneStopMs).then((second) => {
    log.warn("stopping at once: running transfers are cut off", { signal: second });
    server.cut();
  });
  await server.stop(graceMs);
  log.info("stopped");
}

function nextSignal(ignoredForMs = 0): Promise<NodeJS.Signals> {
  const heededFrom = performance.now() + ignoredForMs;
  return new Promise((resolve) => {
    const settle = (signal: NodeJS.Signals) => {
      if (performance.now() < heededFrom) return;
      process.off("SIGTERM", settle);
      process.off("SIGINT", settle);
      resolve(signal);
    };
    process.on("SIGTERM", settle);
    process.on("SIGINT", settle);
  });
}
