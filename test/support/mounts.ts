import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { projectRoot } from "./project.js";
import type { Scope } from "./scope.js";

/** Mounts an empty file system of its own at a folder, which is made if needed. Wants root. */
export async function mountVolume(scope: Scope, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await runCommand("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]);
  scope.defer(() => runCommand("umount", [folder]));
}

/** Shows a folder at another one as well, as `docker run --volume` does: of one device, and nothing is renamed across. Wants root. */
export async function bindMount(scope: Scope, from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await runCommand("mount", ["--bind", from, to]);
  scope.defer(() => runCommand("umount", [to]));
}

/** Shows a folder as one that can only be read, and returns where. Wants root. */
export async function readOnlyView(scope: Scope, folder: string): Promise<string> {
  const view = await scope.folder("read-only");
  await bindMount(scope, folder, view);
  await runCommand("mount", ["-o", "remount,ro,bind", view]);
  return view;
}

/** Variables for a program whose file system does not know some calls: `symlink`, `link`, `utimes`, `fsync-folder`. Wants gcc. */
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
