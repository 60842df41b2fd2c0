import { loadConfig } from "../config/load.js";

/** Says that a configuration is right, or all that is wrong with it. */
export async function checkConfig(file: string | undefined): Promise<void> {
  const loaded = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  process.stdout.write(`${loaded.file ?? "the defaults"}: no problems\n`);
}
