import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemon } from "../daemon.js";
import { freePort } from "../free-port.js";
import { peers } from "../peer-registry.js";
import { RegistryClient } from "../registry-client.js";
import type { Scope } from "../scope.js";
import type { Oddity } from "./oddity.js";

/** Starts a program as a cache of one registry, and returns its address. */
export type StartCache = (scope: Scope, url: string, oddity: Oddity) => Promise<RegistryClient>;

const distribution = Object.entries(peers).map(([name, program]) => [name, startDistribution(program)] as const);
const { ZOT_BIN: zot } = process.env;

/** The caches that Berth is compared with; zot only if `ZOT_BIN` is set. */
export const otherCaches: Readonly<Record<string, StartCache>> = {
  ...Object.fromEntries(distribution),
  ...(zot !== undefined && { zot: startZot(zot) }),
};

function startDistribution(program: string): StartCache {
  return async (scope, url, { login }) => {
    const address = `127.0.0.1:${await freePort()}`;
    const config = {
      version: "0.1",
      log: { level: "error" },
      storage: { filesystem: { rootdirectory: await scope.folder("peer") } },
      http: { addr: address },
      proxy: { remoteurl: url, ...login },
    };
    const file = join(await scope.folder("peer-config"), "config.yml");
    await writeFile(file, JSON.stringify(config));
    const daemon = new Daemon(scope, program, ["serve", file], { OTEL_TRACES_EXPORTER: "none" });
    return answering(daemon, address);
  };
}

function startZot(program: string): StartCache {
  return async (scope, url, { login }) => {
    const port = await freePort();
    const folder = await scope.folder("zot");
    const credentialsFile = join(folder, "credentials.json");
    const registry = {
      urls: [url],
      onDemand: true,
      tlsVerify: false,
      maxRetries: 1,
      retryDelay: "1s",
      preserveDigest: true,
      content: [{ prefix: "**" }],
    };
    const config = {
      distSpecVersion: "1.1.1",
      storage: { rootDirectory: join(folder, "data"), gc: false },
      http: { address: "127.0.0.1", port: String(port), compat: ["docker2s2"] },
      log: { level: "error" },
      extensions: { sync: { enable: true, credentialsFile, registries: [registry] } },
    };
    await writeFile(credentialsFile, JSON.stringify(login ? { [new URL(url).host]: login } : {}));
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    const daemon = new Daemon(scope, program, ["serve", join(folder, "config.json")]);
    return answering(daemon, `127.0.0.1:${port}`);
  };
}

async function answering(daemon: Daemon, address: string): Promise<RegistryClient> {
  const client = new RegistryClient(`http://${address}`);
  await daemon.ready(async () => ((await client.get("/v2/").catch(() => undefined)) ? true : undefined));
  return client;
}
