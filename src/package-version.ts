import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The version of Berth. */
export function packageVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(packageFolder(), "package.json"), "utf8"));
  return version;
}

/** The folder of the nearest package.json above, wherever this file was compiled to. */
export function packageFolder(folder: string = import.meta.dirname): string {
  if (existsSync(join(folder, "package.json")) || folder === dirname(folder)) return folder;
  return packageFolder(dirname(folder));
}
