import { type LoadedConfig, loadConfig } from "../../config/load.js";

/** Says that a configuration is right, or all that is wrong with it; of registry:2's, what became of each setting. */
export async function checkConfig(file: string | undefined): Promise<void> {
  const loaded = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  process.stdout.write(`${loaded.file ?? unnamed(loaded)}: no problems\n`);
  if (loaded.registry2 === undefined) return;
  const { reportLines } = await import("../../config/registry2/report-text.js");
  process.stdout.write(`${reportLines(loaded.registry2).join("\n")}\n`);
}

function unnamed({ registry2 }: LoadedConfig): string {
  return registry2 === undefined ? "the defaults" : "the variables of registry:2";
}
