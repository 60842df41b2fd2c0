import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { Daemon } from "./daemon.js";
import type { Scope } from "./scope.js";

/** Runs ctr with the test's own containerd. */
export type Ctr = (...args: string[]) => Promise<string>;

/** Starts an isolated containerd, which needs only root. */
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
  // ctr itself pulls, so ctr needs the proxy.
  const ctr: Ctr = (...args) => runCommand("ctr", ["--address", socket, ...args], { env });
  await daemon.ready(() =>
    ctr("version").then(
      () => true,
      () => undefined,
    ),
  );
  return ctr;
}
