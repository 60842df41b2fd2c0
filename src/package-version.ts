import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The version of Berth, from the nearest package.json above, wherever this file was compiled to. */
export function packageVersion(folder: string = import.meta.dirname): string {
  const file = join(folder, "package.json");
  if (!existsSync(file) && folder !== dirname(folder)) return packageVersion(dirname(folder));
  const { version }: { version: string } = JSON.parse(readFileSync(file, "utf8"));
  return version;
}
