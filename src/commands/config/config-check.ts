import { type LoadedConfig, loadConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { ExplainedError } from "../../serving/explained-error.js";
import { readTlsFiles } from "../../serving/tls/read-tls-files.js";

/**
 * Reports that a configuration is valid and that Berth can start with it, or everything that is wrong. For a file of
 * registry:2, also says what became of each setting. Does not check whether the port is free: a running Berth uses it.
 */
export async function checkConfig(file: string | undefined): Promise<void> {
  const loaded = await loadConfig({ file, environment: process.env, directory: process.cwd() });
  const name = loaded.file ?? unnamed(loaded);
  const { failures, notes } = await lookAround(loaded.config);
  if (failures.length > 0) throw new ExplainedError(`${name} is valid, but Berth cannot start with it`, failures);
  process.stdout.write(`${[`${name}: no problems`, ...notes, ...nobodyPushes(loaded.config)].join("\n")}\n`);
  if (loaded.registry2 === undefined) return;
  const { reportLines } = await import("../../config/registry2/report-text.js");
  process.stdout.write(`${reportLines(loaded.registry2).join("\n")}\n`);
}

/** Checks the files and folders that a start needs. */
async function lookAround({ server, storage }: Config): Promise<{ failures: string[]; notes: string[] }> {
  const { findStorageObstacle } = await import("../../storage/open-storage.js");
  const failures: string[] = [];
  try {
    if (server.tls !== undefined) await readTlsFiles(server.tls);
  } catch (error) {
    if (!(error instanceof ExplainedError)) throw error;
    failures.push(error.message);
  }
  const obstacle = await findStorageObstacle(storage);
  if (obstacle?.canServe === false) failures.push(obstacle.sentence);
  const notes = obstacle?.canServe === true ? [`note: images can be pulled, but not pushed: ${obstacle.sentence}`] : [];
  return { failures, notes };
}

/**
 * Rules that are written replace the default one. Someone who adds one for the cache easily takes away all other rights.
 */
function nobodyPushes({ mode, access, private: { readonly } }: Config): string[] {
  if (mode === "proxy" || readonly || access === undefined || access.open || access.tokenService !== undefined)
    return [];
  if (access.rules.some(({ allow }) => allow.includes("push"))) return [];
  return [
    "note: nobody may push, since no rule in access.rules allows it; " +
      "to let all users push and delete, add { allow: [push, delete], to: authenticated }",
  ];
}

function unnamed({ registry2 }: LoadedConfig): string {
  return registry2 === undefined ? "the defaults" : "the variables of registry:2";
}
