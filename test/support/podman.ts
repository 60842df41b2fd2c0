import { join } from "node:path";
import { clientHome } from "./client-home.js";
import { runCommand } from "./command.js";
import type { Scope } from "./scope.js";

/** Runs podman with storage of its own, that asks nothing of the machine but root. */
export type Podman = (...args: string[]) => Promise<string>;

/** @param env where it finds its settings; nowhere unless given */
export async function startPodman(scope: Scope, env?: Readonly<Record<string, string>>): Promise<Podman> {
  const folder = await scope.folder("podman");
  const settings = env ?? (await clientHome(scope));
  const own = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--tmpdir", join(folder, "tmp")];
  const modest = ["--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=none"];
  return (...args) => runCommand("podman", [...own, ...modest, ...args], { env: settings });
}
