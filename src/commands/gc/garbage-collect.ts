import { setFlagsFromString } from "node:v8";
import { loadConfig } from "../../config/load.js";
import { collect, planCollection } from "../../maintenance/collect.js";
import type { CollectionTimes } from "../../maintenance/unneeded-content.js";
import { createLogger } from "../../observability/winston-logger.js";
import { collectionTimesOf } from "../../serving/collection-times.js";
import type { Storage } from "../../storage/storage.js";
import { showBytes } from "../cache/warm/amounts.js";
import { openCollectedStorage } from "./collected-storage.js";
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
  // Almost all that is read is garbage soon: V8 would let 50 MB of it lie, to save a tenth of the time.
  setFlagsFromString("--optimize-for-size");
  const log = createLogger(config.log, process.stderr);
  try {
    const storage = await openCollectedStorage(config, log);
    await run(storage, collectionTimesOf(config), options);
  } finally {
    log.flush();
  }
}

async function run(
  storage: Storage,
  times: CollectionTimes,
  { dryRun, deleteUntagged, quiet }: GarbageCollectOptions,
): Promise<void> {
  const print = (line: string) => void (quiet || process.stdout.write(`${line}\n`));
  const complain = (line: string) => void process.stderr.write(`berth: ${line}\n`);
  const settings = { deleteUntagged, times, report: garbageLines(print, complain), pace: async () => {} };
  const { isAlone, bytes, waiting, trashed } = await (dryRun ? planCollection : collect)(storage, settings);
  if (!isAlone) print("a server uses this storage, so what clients may still rely on is kept");
  if (waiting > 0) print(`${waiting} unneeded links and blobs wait to be deleted`);
  if (trashed > 0) print(`${trashed} removed links are in the trash; berth gc undelete restores them`);
  print(dryRun ? `${showBytes(bytes)} would be freed; nothing was changed` : `${showBytes(bytes)} freed`);
}
