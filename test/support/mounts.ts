import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { projectRoot } from "./project.js";
import type { Scope } from "./scope.js";

/** Mounts a separate empty file system at a folder, which is created if needed. Needs root. */
export async function mountVolume(scope: Scope, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await runCommand("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]);
  scope.defer(() => runCommand("umount", [folder]));
}

/**
 * Makes a folder also appear at another path, like `docker run --volume`: same device, but no rename across. Needs
 * root.
 */
export async function bindMount(scope: Scope, from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await runCommand("mount", ["--bind", from, to]);
  scope.defer(() => runCommand("umount", [to]));
}

/** Makes a folder appear read-only, and returns where. Needs root. */
export async function readOnlyView(scope: Scope, folder: string): Promise<string> {
  const view = await scope.folder("read-only");
  await bindMount(scope, folder, view);
  await runCommand("mount", ["-o", "remount,ro,bind", view]);
  return view;
}

/**
 * Environment for a program whose file system lacks some calls: `symlink`, `link`, `utimes`, `fsync-folder`. Needs gcc.
 */
export async function poorFileSystem(scope: Scope, calls: readonly string[]): Promise<Record<string, string>> {
  const library = join(await scope.folder("preload"), "poor.so");
  await runCommand("gcc", [
    "-shared",
    "-fPIC",
    "-o",
    library,
    join(projectRoot, "test/support/poor-file-system.c"),
    "-ldl",
  ]);
  return { LD_PRELOAD: library, POOR: calls.join(",") };
}
