import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { Daemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";

/** The CNCF distribution registry in the two versions that people run. */
export const peers = {
  "registry 2.8.2": "docker-registry",
  "registry 3.1.2": "registry",
} as const;

export type PeerName = keyof typeof peers;

/** A data directory, or the driver section of another storage. */
export type PeerData = string | { readonly s3: Readonly<Record<string, unknown>> };

export interface PeerRegistry {
  readonly daemon: Daemon;
  readonly host: string;
  readonly client: RegistryClient;
}

/**
 * Serves a data directory with a peer, with deletion allowed.
 * @param auth its section `auth`; without it, everyone may do everything
 * @param metricsAt address of its metrics
 */
export async function startPeer(
  scope: Scope,
  name: PeerName,
  data: PeerData,
  auth?: object,
  metricsAt?: string,
): Promise<PeerRegistry> {
  const host = `127.0.0.1:${await freePort()}`;
  const config = await writeConfig(scope, data, host, auth, metricsAt);
  const daemon = new Daemon(scope, peers[name], ["serve", config], environment);
  const client = new RegistryClient(`http://${host}`);
  await daemon.ready(async () => {
    const answer = await client.get("/v2/").catch(() => undefined);
    return answer?.status === (auth ? 401 : 200) ? true : undefined;
  });
  return { daemon, host, client };
}

/** Runs a peer's garbage collection, by default without `--delete-untagged`, on a data directory that is not served. */
export async function collectGarbage(
  scope: Scope,
  name: PeerName,
  data: PeerData,
  flags: readonly string[] = [],
): Promise<void> {
  const config = await writeConfig(scope, data, "127.0.0.1:0");
  await runCommand(peers[name], ["garbage-collect", ...flags, config], { env: environment });
}

const environment = { OTEL_TRACES_EXPORTER: "none" };

async function writeConfig(
  scope: Scope,
  data: PeerData,
  addr: string,
  auth?: object,
  metricsAt?: string,
): Promise<string> {
  const file = join(await scope.folder("peer"), "config.yml");
  const config = {
    version: "0.1",
    log: { level: "warn" },
    storage: {
      ...(typeof data === "string" ? { filesystem: { rootdirectory: data } } : data),
      redirect: { disable: true },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr,
      ...(metricsAt !== undefined && { debug: { addr: metricsAt, prometheus: { enabled: true, path: "/metrics" } } }),
    },
    ...(auth && { auth }),
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}
