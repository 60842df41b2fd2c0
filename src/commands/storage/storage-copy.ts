import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { loadConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { beginWork } from "../../maintenance/collection-lock.js";
import type { Logger } from "../../observability/logger.js";
import { createLogger } from "../../observability/winston-logger.js";
import { describeError, ExplainedError } from "../../serving/explained-error.js";
import { type CopyReport, emptyReport } from "../../storage/copying/copy-report.js";
import { copyStorage } from "../../storage/copying/copy-storage.js";
import { openStorage, openStorageAsItIs } from "../../storage/open-storage.js";
import type { Storage } from "../../storage/storage.js";
import { jsonOf, linesOf, progressOf } from "./copy-lines.js";

export interface CopyFlags {
  readonly from: string;
  readonly to: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Of the process; 2 is wrong usage. */
const exitCodes = { fine: 0, incomplete: 1, notEnded: 3 } as const;

const progressEachMs = 2_000;

/** Copies everything stored, prints what was done, and sets the exit code. */
export async function copy(flags: CopyFlags): Promise<void> {
  const report = emptyReport();
  const startedAt = performance.now();
  const showing = flags.json
    ? undefined
    : setInterval(() => process.stderr.write(`${progressOf(report)}\n`), progressEachMs).unref();
  try {
    await copyAll(flags, report);
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    process.stdout.write(flags.json ? jsonOf(report, seconds, flags.dryRun) : linesOf(report, seconds, flags.dryRun));
    const isWhole = report.damaged.size + report.missing.size === 0;
    process.exitCode = isWhole ? exitCodes.fine : exitCodes.incomplete;
  } catch (error) {
    process.stderr.write(`berth: ${describeError(error)}\n`);
    process.exitCode = exitCodes.notEnded;
  } finally {
    clearInterval(showing);
  }
}

async function copyAll({ from, to, dryRun }: CopyFlags, report: CopyReport): Promise<void> {
  const [source, target] = [await storageOf(from), await storageOf(to)];
  if ((await placeOf(source)) === (await placeOf(target)))
    throw new ExplainedError(`${from} and ${to} name the same storage: name another one to copy to`);
  const log = createLogger({ level: "error", format: "text" }, process.stderr);
  const opened = await openStorageAsItIs(source, log);
  if (dryRun) {
    const settings = { report, isDryRun: true, signal: new AbortController().signal };
    return copyStorage(opened, await openIfPresent(target, log), settings);
  }
  const filled = await openStorage(target, log);
  const endWork = await beginWork(filled);
  try {
    await filled.withLock("copy", (signal) => copyStorage(opened, filled, { report, isDryRun: false, signal }));
  } finally {
    await endWork();
  }
}

/** What is set in the environment belongs to one storage at most. */
async function storageOf(file: string): Promise<Config["storage"]> {
  const { config } = await loadConfig({ file, environment: {}, directory: process.cwd() });
  if (config.storage.driver === "memory")
    throw new ExplainedError(`${file}: storage.driver is memory, which keeps nothing: name a folder or a bucket`);
  return config.storage;
}

/** The target of a dry run may not exist yet. */
async function openIfPresent(target: Config["storage"], log: Logger): Promise<Storage> {
  try {
    return await openStorageAsItIs(target, log);
  } catch (error) {
    if (target.driver !== "filesystem") throw error;
    return openStorage({ ...target, driver: "memory" }, log);
  }
}

async function placeOf({ driver, filesystem, s3 }: Config["storage"]): Promise<string> {
  if (driver === "s3") return [s3?.endpoint, s3?.bucket, s3?.prefix?.replace(/^\/+|\/+$/g, "")].join(" ");
  return realpath(filesystem.root).catch(() => resolve(filesystem.root));
}
