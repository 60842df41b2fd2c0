import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, tryCommand } from "./command.js";
import { Daemon } from "./daemon.js";
import type { Scope } from "./scope.js";

/** Builds one file on top of an image. */
export type BuildOn = (image: string) => Promise<void>;

/** Builds the Dockerfile of a folder, with more options, and returns the output for each step. */
export type Build = (context: string, ...options: string[]) => Promise<string>;

/**
 * Starts a buildkitd that shares nothing with any other, and asks nothing of the machine but root and runc.
 * @param clientEnv of buildctl, which fetches tokens with the logins that it finds
 */
export async function startBuildkit(
  scope: Scope,
  config: string,
  env: Readonly<Record<string, string>>,
  clientEnv: Readonly<Record<string, string>> = {},
): Promise<{ buildOn: BuildOn; build: Build; forgetAll: () => Promise<void> }> {
  const folder = await scope.folder("buildkit");
  const address = `unix://${join(folder, "buildkitd.sock")}`;
  const own = ["--config", config, "--root", join(folder, "root"), "--addr", address];
  const daemon = new Daemon(scope, "buildkitd", [...own, "--oci-worker-snapshotter=native"], env);
  const buildctl = (...args: string[]) => runCommand("buildctl", ["--addr", address, ...args], { env: clientEnv });
  const build: Build = async (context, ...options) => {
    const inputs = ["--local", `context=${context}`, "--local", `dockerfile=${context}`];
    const args = ["build", "--progress=plain", "--frontend=dockerfile.v0", ...inputs, ...options];
    const { code, stdout, stderr } = await tryCommand("buildctl", ["--addr", address, ...args], { env: clientEnv });
    if (code !== 0) throw new Error(`the build ended with ${code}:\n${stderr}`);
    return stdout + stderr;
  };
  await daemon.ready(() =>
    buildctl("debug", "workers").then(
      () => true,
      () => undefined,
    ),
  );
  return {
    build,
    buildOn: async (image) => {
      const context = await scope.folder("context");
      await writeFile(join(context, "Dockerfile"), `FROM ${image}\nCOPY Dockerfile /etc/\n`);
      await build(context, "--output", `type=oci,dest=${join(context, "built.tar")}`);
    },
    forgetAll: async () => {
      await buildctl("prune", "--all");
    },
  };
}
