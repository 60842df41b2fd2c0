import { loadConfig } from "../config/load.js";
import { collect, planCollection } from "../maintenance/collect.js";
import type { Logger } from "../observability/logger.js";
import { createLogger } from "../observability/winston-logger.js";
import { ExplainedError } from "../serving/explained-error.js";
import { openStorageAsItIs, type StorageSettings } from "../storage/open-storage.js";
import type { Storage } from "../storage/storage.js";
import { showBytes } from "./cache/warm/amounts.js";
import { garbageLines } from "./garbage-lines.js";

export interface GarbageCollectOptions {
  readonly config?: string | undefined;
  readonly dryRun: boolean;
  readonly deleteUntagged: boolean;
  readonly quiet: boolean;
}

/** Deletes content that no manifest references, and prints what it keeps and deletes in the format of registry:2. */
export async function collectGarbage(options: GarbageCollectOptions): Promise<void> {
  const { config } = await loadConfig({ file: options.config, environment: process.env, directory: process.cwd() });
  const log = createLogger(config.log, process.stderr);
  try {
    const storage = await openExisting(config.storage, log);
    await run(storage, options);
  } finally {
    log.flush();
  }
}

/** A wrong path must not look like a registry without garbage, so the folder must exist. */
async function openExisting(settings: StorageSettings, log: Logger): Promise<Storage> {
  if (settings.driver === "memory")
    throw new ExplainedError("storage.driver is memory: only the server itself can see its content");
  try {
    return await openStorageAsItIs(settings, log);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ExplainedError(settings.driver === "s3" ? reason : `storage.filesystem.root cannot be read: ${reason}`);
  }
}

async function run(storage: Storage, { dryRun, deleteUntagged, quiet }: GarbageCollectOptions): Promise<void> {
  const print = (line: string) => void (quiet || process.stdout.write(`${line}\n`));
  const complain = (line: string) => void process.stderr.write(`berth: ${line}\n`);
  const settings = { rules: { deleteUntagged }, report: garbageLines(print, complain) };
  if (dryRun) {
    const { bytes } = await planCollection(storage, settings);
    return print(`${showBytes(bytes)} would be freed; nothing was changed`);
  }
  const { bytes } = await collect(storage, settings);
  print(`${showBytes(bytes)} freed`);
}
