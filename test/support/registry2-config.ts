import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type LoadedConfig, loadConfig } from "../../src/config/load.js";
import { ConfigError } from "../../src/config/problem.js";
import type { Note } from "../../src/config/registry2/translation.js";
import type { Scope } from "./scope.js";

/** Loads lines as the file `config.yml` of a separate folder, or only variables. */
export async function loadLines(
  scope: Scope,
  lines: readonly string[] | undefined,
  environment: Readonly<Record<string, string>> = {},
): Promise<LoadedConfig> {
  const directory = await scope.folder("registry2");
  if (lines !== undefined) await writeFile(join(directory, "config.yml"), lines.join("\n"));
  return loadConfig({ file: lines && "config.yml", environment, directory });
}

/** What keeps Berth from starting with these lines and variables. */
export async function problemsOfLines(...args: Parameters<typeof loadLines>): Promise<string[]> {
  try {
    await loadLines(...args);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n  ").slice(1);
    throw error;
  }
  return [];
}

/** What became of each setting, as `setting: verdict`. */
export function verdicts(notes: readonly Note[] | undefined): Record<string, string> {
  return Object.fromEntries((notes ?? []).map(({ setting, verdict }) => [setting, verdict]));
}
