import { accessSync, constants } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project; compiled tests are in `.build/test/support`. */
export const projectRoot = fileURLToPath(new URL("../../..", import.meta.url));

const ownTools = join(projectRoot, ".build/tools/bin");
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/**
 * The path of a program that `scripts/install-tools.sh` installs. A missing one is a failure, never a reason to skip.
 */
export function toolPath(name: string): string {
  if (isAbsolute(name)) return name;
  const folders = [ownTools, ...(process.env.PATH ?? "").split(":"), ...systemFolders];
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found === undefined) throw new Error(`${name} is missing: run scripts/install-tools.sh`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
