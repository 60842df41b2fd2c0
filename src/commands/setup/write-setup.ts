import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { ExplainedError } from "../../serving/explained-error.js";
import type { ClientSetup, SetupFile } from "../../setup/client-setup.js";
import { Unsafe } from "./extend-json.js";
import { lineDiff } from "./line-diff.js";
import { planFile } from "./plan-file.js";
import { fileModes, readIfThere, writeKeepingOld } from "./write-files.js";

export interface WriteOptions {
  /** Absolute paths are below this folder. */
  readonly root: string;
  readonly isConfirmed: boolean;
}

interface Change {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string;
  readonly mode: number;
}

/**
 * Writes the files, once the user has confirmed the changes shown.
 * @throws ExplainedError if a file cannot be changed safely, or the user declines; nothing is written then
 */
export async function writeSetup({ files }: ClientSetup, options: WriteOptions): Promise<void> {
  const changes = await planAll(files, options.root);
  if (changes.length === 0) {
    process.stdout.write("Everything is in place already.\n");
    return;
  }
  for (const { path, before = "", after } of changes) {
    process.stdout.write(`--- ${path}\n${lineDiff(before, after).join("\n")}\n`);
  }
  if (!options.isConfirmed && !(await isAgreed(changes.length))) throw new ExplainedError("nothing was written");
  for (const { path, after, mode } of changes) {
    const backup = await writeKeepingOld(path, after, mode);
    process.stdout.write(backup === undefined ? `wrote ${path}\n` : `wrote ${path}, kept the old file as ${backup}\n`);
  }
}

async function planAll(files: readonly SetupFile[], root: string): Promise<Change[]> {
  const changes: Change[] = [];
  const refusals: string[] = [];
  for (const file of files) {
    const path = file.path.startsWith("/") ? join(root, file.path) : resolve(file.path);
    const before = await readIfThere(path);
    try {
      const after = planFile(file, before);
      const mode = file.isExecutable === true ? fileModes.executable : fileModes.readable;
      if (after !== before) changes.push({ path, before, after, mode });
    } catch (error) {
      if (!(error instanceof Unsafe)) throw error;
      refusals.push(`${path}: ${error.message}. Add this by hand:\n\n${file.content}`);
    }
  }
  if (refusals.length > 0) throw new ExplainedError("nothing was written", refusals);
  return changes;
}

async function isAgreed(count: number): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // No terminal or end of input counts as no.
    const gone = new Promise<string>((settle) => terminal.once("close", () => settle("")));
    const asked = terminal.question(count === 1 ? "Write this file? [y/N] " : `Write these ${count} files? [y/N] `);
    return /^y(es)?$/i.test((await Promise.race([asked, gone])).trim());
  } finally {
    terminal.close();
  }
}
