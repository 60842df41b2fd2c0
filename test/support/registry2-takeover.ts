import { chmod, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Daemon } from "./daemon.js";
import { freePort } from "./free-port.js";
import { type PeerName, peers } from "./peer-registry.js";
import { projectRoot } from "./project.js";
import { RegistryClient } from "./registry-client.js";
import type { Scope } from "./scope.js";
import { waitUntil } from "./wait-until.js";

/** A configuration file, variables and an address that a registry:2 and Berth are started with in turn. */
export class Takeover {
  readonly host: string;
  readonly client: RegistryClient;
  readonly #scope: Scope;
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(scope: Scope, folder: string, host: string, environment: Readonly<Record<string, string>>) {
    this.#scope = scope;
    this.#folder = folder;
    this.#environment = { OTEL_TRACES_EXPORTER: "none", ...environment };
    this.host = host;
    this.client = new RegistryClient(`http://${host}`);
  }

  /** @param lines of the file; `ADDRESS` stands for where to listen */
  static async prepare(
    scope: Scope,
    lines: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<Takeover> {
    const host = `127.0.0.1:${await freePort()}`;
    const folder = await scope.folder("takeover");
    await writeFile(join(folder, "config.yml"), lines.join("\n").replace("ADDRESS", host));
    const main = join(projectRoot, "dist/main.js");
    await chmod(main, 0o755);
    await symlink(main, join(folder, "registry"));
    return new Takeover(scope, folder, host, environment);
  }

  peer(name: PeerName = "registry 2.8.2"): Promise<Daemon> {
    return this.#serve(peers[name]);
  }

  /** By a link with the name of registry:2's program. */
  berth(): Promise<Daemon> {
    return this.#serve(join(this.#folder, "registry"));
  }

  async #serve(program: string): Promise<Daemon> {
    const daemon = new Daemon(this.#scope, program, ["serve", join(this.#folder, "config.yml")], this.#environment);
    await daemon.ready(async () => {
      const answer = await this.client.get("/v2/").catch(() => undefined);
      return answer?.status === 200 || answer?.status === 401 ? true : undefined;
    });
    return daemon;
  }
}

/** Waits until a program has printed a line; lines arrive a moment after the event. */
export async function printed(daemon: Daemon, pattern: RegExp): Promise<void> {
  await waitUntil(`${daemon.name} printed ${pattern}`, async () => (pattern.test(daemon.output) ? true : undefined));
}
