import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandResult, runCommand, tryCommand } from "./command.js";
import { EgressProxy } from "./egress-proxy.js";
import type { Scope } from "./scope.js";

/** How cosign attaches signatures; with a key there is no log and no authority to contact. */
export const signing = {
  /** By a tag made from the digest, its first form. */
  byTag: ["--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false"],
  /** By bundles that refer to the image, its current form. */
  byBundle: ["--signing-config=signing.json"],
} as const;

export const plainHttp = "--allow-http-registry";

/** cosign with a key of its own, `cosign.key` in its folder. */
export class Cosign {
  readonly cwd: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(cwd: string, env: Readonly<Record<string, string>>) {
    this.cwd = cwd;
    this.#env = env;
  }

  /** @param home of `clientHome`, where the client is logged in */
  static async start(scope: Scope, home: Readonly<Record<string, string>>): Promise<Cosign> {
    // It looks for the keys of the public log, which it then does without.
    const egress = await EgressProxy.start(scope);
    const env = { ...home, COSIGN_PASSWORD: "", HTTPS_PROXY: egress.url };
    const cosign = new Cosign(await scope.folder("cosign"), env);
    await cosign.run("generate-key-pair");
    await writeFile(join(cosign.cwd, "signing.json"), await cosign.run("signing-config", "create"));
    return cosign;
  }

  run(...args: string[]): Promise<string> {
    return runCommand("cosign", args, { cwd: this.cwd, env: this.#env });
  }

  /** With its experiments of version 2. */
  runExperimental(...args: string[]): Promise<string> {
    return runCommand("cosign", args, { cwd: this.cwd, env: { ...this.#env, COSIGN_EXPERIMENTAL: "1" } });
  }

  /** A command that may fail. */
  try(...args: string[]): Promise<CommandResult> {
    return tryCommand("cosign", args, { cwd: this.cwd, env: this.#env });
  }

  sign(image: string, how: readonly string[]): Promise<string> {
    return this.run("sign", "--key=cosign.key", ...how, plainHttp, "--yes", image);
  }
}
