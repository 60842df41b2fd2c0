import { open } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.js";
import type { Scope } from "./scope.js";

/** A folder on a separate file system of limited size. Needs root. */
export async function smallDisk(scope: Scope, size: number): Promise<string> {
  const folder = await scope.folder("disk");
  await runCommand("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder]);
  scope.defer(() => runCommand("umount", [folder]));
  return folder;
}

/** Fills the remaining space, and returns the file to remove to free it again. */
export async function fillDisk(folder: string): Promise<string> {
  const path = join(folder, "filler");
  const file = await open(path, "w");
  try {
    for (const size of [65536, 512, 1]) await writeUntilFull(() => file.write(Buffer.alloc(size)));
  } finally {
    await file.close();
  }
  return path;
}

async function writeUntilFull(write: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await write();
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOSPC") return;
      throw error;
    }
  }
}
