import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { Daemon } from "./daemon.js";
import type { Scope } from "./scope.js";

/** Runs ctr against a containerd of the test's own. */
export type Ctr = (...args: string[]) => Promise<string>;

/** Starts a containerd that shares nothing with any other, and asks nothing of the machine but root. */
export async function startContainerd(scope: Scope, env: Readonly<Record<string, string>>): Promise<Ctr> {
  const folder = await scope.folder("containerd");
  const socket = join(folder, "containerd.sock");
  const config = join(folder, "config.toml");
  const lines = [
    "version = 2",
    `root = "${join(folder, "root")}"`,
    `state = "${join(folder, "state")}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    `[grpc]\naddress = "${socket}"`,
    `[ttrpc]\naddress = "${socket}.ttrpc"`,
    `[plugins."io.containerd.internal.v1.opt"]\npath = "${join(folder, "opt")}"`,
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const daemon = new Daemon(scope, "containerd", ["--config", config]);
  // Pulls are made by ctr itself, so it is ctr that has to know the way out.
  const ctr: Ctr = (...args) => runCommand("ctr", ["--address", socket, ...args], { env });
  await daemon.ready(() =>
    ctr("version").then(
      () => true,
      () => undefined,
    ),
  );
  return ctr;
}
