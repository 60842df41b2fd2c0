import { writeFile } from "node:fs/promises";
import { loadConfig } from "../../config/load.js";
import { ExplainedError } from "../../serving/explained-error.js";

/** Converts the settings of registry:2, from its file and its variables, to a file for Berth. */
export async function importConfig(file: string | undefined, { output }: { output?: string }): Promise<void> {
  const loaded = await loadConfig({ file, environment: registry2Environment(), directory: process.cwd() });
  if (loaded.registry2 === undefined) {
    const place = loaded.file === undefined ? "no file is given" : `${loaded.file} does not say version: 0.1`;
    throw new ExplainedError(
      `there are no settings of registry:2 to import: ${place}, and no REGISTRY_... variable is set`,
    );
  }
  const { importedFile } = await import("../../config/registry2/import-file.js");
  const text = importedFile(loaded);
  if (output === undefined) process.stdout.write(text);
  // The file may contain a password. An existing file is never overwritten.
  else await writeFile(output, text, { flag: "wx", mode: 0o600 });
}

/** Without Berth's own variables: they also override the converted file. */
function registry2Environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BERTH_")));
}
