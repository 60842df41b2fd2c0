import { cp } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "./project.js";
import type { Scope } from "./scope.js";

/**
 * A copy of the project, for a test that builds or packs it: that writes `dist` anew, while tests of other files run
 * what is in the project's own.
 */
export async function copyOfProject(scope: Scope): Promise<string> {
  const copy = await scope.folder("project");
  const leftOut = ["dist", ".build", ".git"].map((name) => join(projectRoot, name));
  await cp(projectRoot, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !leftOut.includes(path) });
  return copy;
}
