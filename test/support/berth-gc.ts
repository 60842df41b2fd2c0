import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestOf, isDigest } from "../../src/oci/digest.js";
import { runCommand } from "./command.js";
import { projectRoot } from "./project.js";
import type { Scope } from "./scope.js";

/** Arguments for node that run Berth's garbage collection on a data directory. */
export async function gcArguments(scope: Scope, root: string, flags: readonly string[] = []): Promise<string[]> {
  const file = join(await scope.folder("config"), "berth.yml");
  await writeFile(file, JSON.stringify({ storage: { driver: "filesystem", filesystem: { root } } }));
  return [join(projectRoot, "dist/main.js"), "gc", "--config", file, ...flags];
}

/** Runs it to its end, and returns what it printed. */
export async function runGc(scope: Scope, root: string, flags: readonly string[] = []): Promise<string> {
  return runCommand(process.execPath, await gcArguments(scope, root, flags));
}

/** Digests of all blobs in a data directory, sorted. */
export async function blobsIn(root: string): Promise<Digest[]> {
  const digests: string[] = [];
  for (const path of await readdir(join(root, "docker/registry/v2/blobs"), { recursive: true })) {
    const [algorithm, , hex, file] = path.split("/");
    if (file === "data") digests.push(`${algorithm}:${hex}`);
  }
  return digests.filter(isDigest).sort();
}

/** Every file and folder of a directory, with what reveals a change. */
export async function snapshotOf(root: string): Promise<string[]> {
  const lines: string[] = [];
  for (const path of (await readdir(root, { recursive: true })).sort()) {
    const found = await stat(join(root, path));
    const content = found.isFile() ? digestOf(await readFile(join(root, path))) : "";
    lines.push(`${path} ${found.ino} ${found.mtimeMs} ${content}`);
  }
  return lines;
}
