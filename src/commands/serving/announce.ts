import type { LoadedConfig } from "../../config/load.js";
import type { Logger } from "../../observability/logger.js";
import { packageVersion } from "../../package-version.js";

/** Says that Berth serves, where, and who can reach it. */
export function announce({ config, file, registry2 }: LoadedConfig, port: number, log: Logger): void {
  const { host, tls, workers } = config.server;
  log.info("serving", {
    version: packageVersion(),
    mode: config.mode,
    address: `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    config: file ?? (registry2 === undefined ? "defaults" : "variables of registry:2"),
    data: config.storage.driver === "filesystem" ? config.storage.filesystem.root : config.storage.driver,
    ...(workers > 1 && { workers }),
  });
  if (isLoopback(host)) log.info("only this machine can connect; server.host: 0.0.0.0 lets others in");
  else log.warn("everybody who can connect may pull and push: there is no access control yet", { host });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
