import { effectiveFile } from "../../config/effective.js";
import { loadConfig } from "../../config/load.js";

/** Prints the configuration that results from file, environment and defaults. */
export async function printConfig(file: string | undefined): Promise<void> {
  const loaded = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  process.stdout.write(effectiveFile(loaded));
}
