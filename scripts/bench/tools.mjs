import { accessSync, constants } from "node:fs";
import { statfs } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { projectRoot } from "./project-root.mjs";

const tmpfsMagic = 0x01021994;

/** The path of a program on PATH or in the folder of scripts/install-tools.sh. */
export function findProgram(name) {
  const folders = [join(projectRoot, ".build/tools/bin"), ...(process.env.PATH ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Throws if the benchmark cannot run, and warns if its numbers would mislead. */
export async function checkMachine(folder) {
  if (process.platform !== "linux") throw new Error("CPU and memory are read from /proc, so this runs on Linux only");
  const missing = ["wrk", "skopeo", "curl"].filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) throw new Error(`${missing.join(", ")} not found: run scripts/install-tools.sh`);
  const { type } = await statfs(folder);
  if (type === tmpfsMagic)
    console.error(`bench: ${folder} is in memory, where fsync is free: pushes will look too fast`);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
