import { loadConfig } from "../../config/load.js";
import type { Config } from "../../config/schema.js";
import { type CheckSettings, checkStorage } from "../../maintenance/fsck/check.js";
import type { CheckResult, Finding } from "../../maintenance/fsck/finding.js";
import { ReadRate } from "../../maintenance/fsck/read-rate.js";
import { createLogger } from "../../observability/winston-logger.js";
import { parseRepositoryName, type RepositoryName } from "../../oci/repository-name.js";
import { describeError, ExplainedError } from "../../serving/explained-error.js";
import type { Storage } from "../../storage/storage.js";
import { withCheckedStorage } from "./checked-storage.js";
import { linesOfFinding, linesOfResult } from "./fsck-lines.js";

export interface FsckFlags {
  readonly config?: string | undefined;
  readonly repository?: string | undefined;
  readonly repair: boolean;
  readonly fast: boolean;
  /** Bytes a second. */
  readonly rate?: number | undefined;
  readonly json: boolean;
}

/** Of the process; 2 is wrong usage. */
const exitCodes = { fine: 0, damaged: 1, notEnded: 3 } as const;

/** What is being removed at this moment may look damaged for a while. */
const settledAfterMs = 2_000;

/** Checks the storage, prints what was found, and sets the exit code. */
export async function checkFiles(flags: FsckFlags): Promise<void> {
  try {
    process.exitCode = (await check(flags)) === 0 ? exitCodes.fine : exitCodes.damaged;
  } catch (error) {
    process.stderr.write(`berth: ${describeError(error)}\n`);
    process.exitCode = exitCodes.notEnded;
  }
}

/** @returns how much damage is left */
async function check(flags: FsckFlags): Promise<number> {
  const { config } = await loadConfig({ file: flags.config, environment: process.env, directory: process.cwd() });
  // The findings say the same in more words.
  const log = createLogger({ ...config.log, level: "error" }, process.stderr);
  const startedAt = performance.now();
  const findings: Finding[] = [];
  const print = (lines: readonly string[]) => process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  const found = (finding: Finding) => void (flags.json ? findings.push(finding) : print(linesOfFinding(finding)));
  const settings = settingsOf(flags, config, found);
  try {
    const result = await withCheckedStorage(config, { isRepaired: flags.repair, log }, async (storage, fetchAgain) => {
      await requireRepository(storage, settings.repository);
      const checked = await checkStorage(storage, { ...settings, fetchAgain });
      // Without repair, nothing is written.
      if (flags.repair && !flags.fast && settings.repository === undefined) await record(storage, checked);
      return checked;
    });
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    if (flags.json) process.stdout.write(`${jsonOf(result, findings, seconds)}\n`);
    else print(linesOfResult(result, seconds));
    return result.damaged;
  } finally {
    log.flush();
  }
}

function settingsOf(
  { repository, repair, fast, rate }: FsckFlags,
  config: Config,
  found: CheckSettings["found"],
): CheckSettings {
  const reading = new ReadRate(rate, new AbortController().signal);
  return {
    repository: repository === undefined ? undefined : parseRepositoryName(repository),
    isHashed: !fast,
    isSparse: config.private.sparse,
    isRepaired: repair,
    settledAfterMs,
    pace: (bytes) => reading.take(bytes),
    found,
  };
}

/** For the metrics and the schedule of a server. */
async function record({ checks }: Storage, { damaged, mended }: CheckResult): Promise<void> {
  await checks.write({ endedMs: Date.now(), sinceMs: Date.now(), damaged, mended });
}

/** A misspelled name must not look like a repository without damage. */
async function requireRepository(storage: Storage, name: RepositoryName | undefined): Promise<void> {
  if (name === undefined || (await storage.repository(name).holdsContent())) return;
  throw new ExplainedError(`there is no repository ${name} in the storage; cached ones may begin with their upstream`);
}

function jsonOf(result: CheckResult, findings: readonly Finding[], seconds: number): string {
  return JSON.stringify({ ok: result.damaged === 0, seconds, ...result, findings }, undefined, 2);
}
