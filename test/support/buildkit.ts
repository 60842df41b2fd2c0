import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { Daemon } from "./daemon.js";
import type { Scope } from "./scope.js";

/** Builds one file on top of an image. */
export type BuildOn = (image: string) => Promise<void>;

/** Starts a buildkitd that shares nothing with any other, and asks nothing of the machine but root and runc. */
export async function startBuildkit(
  scope: Scope,
  config: string,
  env: Readonly<Record<string, string>>,
): Promise<{ buildOn: BuildOn; forgetAll: () => Promise<void> }> {
  const folder = await scope.folder("buildkit");
  const address = `unix://${join(folder, "buildkitd.sock")}`;
  const own = ["--config", config, "--root", join(folder, "root"), "--addr", address];
  const daemon = new Daemon(scope, "buildkitd", [...own, "--oci-worker-snapshotter=native"], env);
  const buildctl = (...args: string[]) => runCommand("buildctl", ["--addr", address, ...args]);
  await daemon.ready(() =>
    buildctl("debug", "workers").then(
      () => true,
      () => undefined,
    ),
  );
  return {
    buildOn: async (image) => {
      const context = await scope.folder("context");
      await writeFile(join(context, "Dockerfile"), `FROM ${image}\nCOPY Dockerfile /etc/\n`);
      const inputs = ["--local", `context=${context}`, "--local", `dockerfile=${context}`];
      const output = ["--output", `type=oci,dest=${join(context, "built.tar")}`];
      await buildctl("build", "--frontend=dockerfile.v0", ...inputs, ...output);
    },
    forgetAll: async () => {
      await buildctl("prune", "--all");
    },
  };
}
