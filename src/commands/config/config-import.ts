import { writeFile } from "node:fs/promises";
import { loadConfig } from "../../config/load.js";
import { ExplainedError } from "../../serving/explained-error.js";

/** Writes the settings of registry:2, of its file and its variables, as a file of Berth's. */
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
  // It may hold a password. What is there is somebody's work, and stays.
  else await writeFile(output, text, { flag: "wx", mode: 0o600 });
}

/** Variables of Berth's go on holding beside the file that is written. */
function registry2Environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BERTH_")));
}
