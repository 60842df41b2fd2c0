import { effectiveFile } from "../../config/effective.js";
import { exampleFile } from "../../config/example.js";
import { loadConfig } from "../../config/load.js";
import { schema } from "../../config/schema.js";

/** Prints the configuration that results from file, environment and defaults. */
export async function printConfig(file: string | undefined): Promise<void> {
  const loaded = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  process.stdout.write(effectiveFile(loaded));
}

/** Prints a file with every setting; `config.example.yml` is its output. */
export function printExample(): void {
  process.stdout.write(exampleFile(schema));
}
