import { join } from "node:path";
import { runCommand } from "./command.js";
import { projectRoot } from "./project.js";
import type { Scope } from "./scope.js";

/** Compiles a file of C in test/support to a library for LD_PRELOAD, and returns its path. Needs gcc. */
export async function compiledLibrary(scope: Scope, source: string): Promise<string> {
  const library = join(await scope.folder("preload"), source.replace(/c$/, "so"));
  await runCommand("gcc", ["-shared", "-fPIC", "-o", library, join(projectRoot, "test/support", source), "-ldl"]);
  return library;
}
