import { isLoopback } from "../config/access-rules.js";
import type { LoadedConfig } from "../config/load.js";
import type { Config } from "../config/schema.js";
import type { Logger } from "../observability/logger.js";
import { packageVersion } from "../package-version.js";

/** Logs that Berth serves, where, and who can connect. */
export function announce({ config, file, registry2 }: LoadedConfig, port: number, log: Logger): void {
  const { access } = config;
  const { host, tls, workers } = config.server;
  log.info("serving", {
    version: packageVersion(),
    mode: config.mode,
    address: `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    config: file ?? (registry2 === undefined ? "defaults" : "variables of registry:2"),
    data: placeOf(config.storage),
    ...(workers > 1 && { workers }),
  });
  if (isLoopback(host))
    log.info("only this machine can connect; to let others in, set server.host: 0.0.0.0 and access");
  else if (access === undefined || access.open) {
    log.warn(
      "access is open: everyone who can connect may pull, push and delete; to require a login, set access.users.htpasswd",
      {
        host,
      },
    );
  }
  if (access?.rules.some(({ audit }) => audit)) {
    log.warn("an access rule is on trial (audit: true): what it would refuse to users is logged and allowed");
  }
}

function placeOf({ driver, filesystem, s3 }: Config["storage"]): string {
  switch (driver) {
    case "filesystem":
      return filesystem.root;
    case "s3":
      return `s3://${[s3?.bucket, s3?.prefix?.replace(/^\/+|\/+$/g, "")].filter(Boolean).join("/")}`;
    case "memory":
      return driver;
  }
}
