import { join } from "node:path";
import { clientHome } from "./client-home.js";
import { runCommand } from "./command.js";
import type { Scope } from "./scope.js";

/** Runs podman with separate storage, which needs only root. */
export type Podman = (...args: string[]) => Promise<string>;

/** @param env where it finds its settings; by default nowhere */
export async function startPodman(scope: Scope, env?: Readonly<Record<string, string>>): Promise<Podman> {
  const folder = await scope.folder("podman");
  const settings = env ?? (await clientHome(scope));
  const own = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--tmpdir", join(folder, "tmp")];
  const modest = ["--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=none"];
  return (...args) => runCommand("podman", [...own, ...modest, ...args], { env: settings });
}
