import { strict as assert } from "node:assert";
import { join } from "node:path";
import { runCommand } from "./command.js";
import { projectRoot } from "./project.js";

/** What a program that shares no code with Berth finds in a data directory. */
export interface DiskLayout {
  /** What must never be, whatever was killed. */
  readonly problems: readonly string[];
  /** Tags that point to nothing, which a killed deletion may leave. */
  readonly dangling: readonly string[];
  /** Digests of the images that are whole, by `name:tag`. */
  readonly images: Readonly<Record<string, string>>;
}

export async function readLayout(root: string): Promise<DiskLayout> {
  return JSON.parse(await runCommand(process.execPath, [join(projectRoot, "scripts/check-layout.mjs"), root]));
}

/** Reads a data directory in which nothing may be wrong. */
export async function soundLayout(root: string): Promise<DiskLayout> {
  const layout = await readLayout(root);
  assert.deepEqual(layout.problems, []);
  return layout;
}
