import { setFlagsFromString } from "node:v8";
import { loadConfig } from "../../config/load.js";
import { showBytes } from "../../foundation/byte-amount.js";
import { collect, planCollection } from "../../maintenance/collect.js";
import type { Collection, CollectionReport } from "../../maintenance/collection-report.js";
import type { CollectionTimes } from "../../maintenance/unneeded-content.js";
import { createLogger } from "../../observability/winston-logger.js";
import { collectionTimesOf } from "../../serving/collection-times.js";
import type { Storage } from "../../storage/storage.js";
import { openCollectedStorage } from "./collected-storage.js";
import { CollectionJson } from "./collection-json.js";
import { CollectionProgress } from "./collection-progress.js";
import { garbageLines, problemsOnly } from "./garbage-lines.js";

export interface GarbageCollectOptions {
  readonly config?: string | undefined;
  readonly dryRun: boolean;
  readonly deleteUntagged: boolean;
  readonly quiet: boolean;
  /** Whether to print one JSON document instead of lines. */
  readonly json?: boolean;
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

async function run(storage: Storage, times: CollectionTimes, options: GarbageCollectOptions): Promise<void> {
  if (options.json === true) return runForPrograms(storage, times, options);
  const { dryRun, quiet } = options;
  const progress = !quiet && process.stderr.isTTY ? new CollectionProgress(process.stderr) : undefined;
  const print = (line: string) => {
    progress?.clear();
    if (!quiet) process.stdout.write(`${line}\n`);
  };
  const complain = (line: string) => {
    progress?.clear();
    process.stderr.write(`berth: ${line}\n`);
  };
  const lines = quiet ? problemsOnly(complain) : garbageLines(print, complain);
  const { isAlone, bytes, waiting, trashed } = await collected(
    storage,
    times,
    options,
    progress?.around(lines) ?? lines,
  );
  if (!isAlone) print("a server uses this storage, so what clients may still rely on is kept");
  if (waiting > 0) print(`${waiting} unneeded links and blobs wait to be deleted`);
  if (trashed > 0) print(`${trashed} removed links are in the trash; berth gc undelete restores them`);
  print(dryRun ? `${showBytes(bytes)} would be freed; nothing was changed` : `${showBytes(bytes)} freed`);
}

async function runForPrograms(storage: Storage, times: CollectionTimes, options: GarbageCollectOptions): Promise<void> {
  const json = new CollectionJson();
  const collection = await collected(storage, times, options, json.report);
  process.stdout.write(`${json.text(collection, options.dryRun)}\n`);
}

function collected(
  storage: Storage,
  times: CollectionTimes,
  { dryRun, deleteUntagged }: GarbageCollectOptions,
  report: CollectionReport,
): Promise<Collection> {
  const settings = { deleteUntagged, times, report, pace: async () => {} };
  return dryRun ? planCollection(storage, settings) : collect(storage, settings);
}
