import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { dirname, join } from "node:path";
import { Daemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { projectRoot } from "./project.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";

export interface BerthOptions {
  /** By default, a cache if there are settings of `proxy`, otherwise private. */
  readonly mode?: "private" | "proxy" | "hybrid";
  /** The data directory; by default a new one. */
  readonly root?: string;
  readonly port?: number;
  /** A cache of this Docker Hub instead of a private registry. */
  readonly cacheOf?: string;
  /** Settings of the section `proxy`, which make it a cache. */
  readonly proxy?: Readonly<Record<string, unknown>>;
  /** Settings of the section `storage`, instead of a data directory. */
  readonly storage?: Readonly<Record<string, unknown>>;
  /** Settings of the section `private`. */
  readonly private?: Readonly<Record<string, unknown>>;
  /** Settings of the section `server`. */
  readonly server?: Readonly<Record<string, unknown>>;
  /** Starts in the folder of its file, without naming the file. */
  readonly findsFile?: boolean;
  /** Settings of the section `access`. */
  readonly access?: Readonly<Record<string, unknown>>;
  /** Settings of the section `events`. */
  readonly events?: Readonly<Record<string, unknown>>;
  /** Settings of the section `metrics`. */
  readonly metrics?: Readonly<Record<string, unknown>>;
  /** Settings of the section `maintenance`. */
  readonly maintenance?: Readonly<Record<string, unknown>>;
  /** Settings of the section `retention`. */
  readonly retention?: Readonly<Record<string, unknown>>;
  /** Settings of the section `cluster`. */
  readonly cluster?: Readonly<Record<string, unknown>>;
  /** Settings of the section `log`. */
  readonly log?: Readonly<Record<string, unknown>>;
  /** Another build of Berth. */
  readonly program?: string;
  /** Variables of the process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A Berth as users run it: `node dist/main.js serve`. */
export interface BerthProcess {
  readonly daemon: Daemon;
  readonly root: string;
  readonly port: number;
  /** `127.0.0.1:port`, as in image names. */
  readonly host: string;
  readonly client: RegistryClient;
  readonly configFile: string;
  /** Writes other settings to the file, with the same data and port. */
  reconfigure(options: BerthOptions): Promise<void>;
}

/** Starts Berth, by default in private mode, and waits until it is ready. */
export async function startBerth(scope: Scope, options: BerthOptions = {}): Promise<BerthProcess> {
  const root = options.root ?? (await scope.folder("data"));
  const port = options.port ?? (await freePort());
  const configFile = join(await scope.folder("config"), "berth.yml");
  const write = (settings: BerthOptions) => writeFile(configFile, configText({ ...settings, root, port }));
  await write(options);
  const file = options.findsFile ? [] : ["--config", configFile];
  const command = [process.execPath, options.program ?? join(projectRoot, "dist/main.js"), "serve", ...file];
  const daemon = new Daemon(
    scope,
    "env",
    ["--chdir", options.findsFile ? dirname(configFile) : ".", ...command],
    options.env,
  );
  const host = `127.0.0.1:${port}`;
  const client = new RegistryClient(`http://${host}`);
  await daemon.ready(() => isReady(port, options.server?.tls !== undefined));
  return { daemon, root, port, host, client, configFile, reconfigure: write };
}

/** Process ids of its workers. */
export function workersOf({ daemon }: BerthProcess): number[] {
  const children = readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, "latin1");
  return children.split(" ").filter(Boolean).map(Number);
}

function configText({ root, port, cacheOf, mode, findsFile: _, ...options }: BerthOptions): string {
  const proxy = options.proxy ?? cacheSettings(cacheOf);
  // JSON is YAML.
  return JSON.stringify({
    mode: mode ?? (proxy === undefined ? "private" : "proxy"),
    server: { host: "127.0.0.1", port, ...options.server },
    storage: options.storage ?? { driver: "filesystem", filesystem: { root } },
    private: options.private ?? {},
    log: options.log ?? {},
    ...(proxy && { proxy }),
    ...(options.cluster && { cluster: options.cluster }),
    ...(options.maintenance && { maintenance: options.maintenance }),
    ...(options.retention && { retention: options.retention }),
    ...(options.access && { access: options.access }),
    ...(options.metrics && { metrics: options.metrics }),
    ...(options.events && { events: options.events }),
  });
}

function cacheSettings(hub: string | undefined): Readonly<Record<string, unknown>> | undefined {
  return hub === undefined ? undefined : { upstreams: [{ name: "docker.io", url: hub }] };
}

/** Uses TLS if it has a certificate, which is then one that no one trusts. */
function isReady(port: number, hasTls: boolean): Promise<true | undefined> {
  const request = hasTls ? httpsRequest : httpRequest;
  const options = { host: "127.0.0.1", port, path: "/readyz", agent: false, rejectUnauthorized: false };
  return new Promise((resolve) => {
    const asked = request(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? true : undefined);
    });
    asked.on("error", () => resolve(undefined));
    asked.end();
  });
}
