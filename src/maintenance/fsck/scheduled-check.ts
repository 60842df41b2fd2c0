import type { Logger } from "../../observability/logger.js";
import { LockError } from "../../oci/storage-error.js";
import type { Storage } from "../../storage/storage.js";
import type { ScheduledTask } from "../schedule.js";
import { checkStorage } from "./check.js";
import type { CheckResult, Finding } from "./finding.js";
import type { WantedAgain } from "./mend-bytes.js";
import { ReadRate } from "./read-rate.js";

export interface ScheduledCheckSettings {
  /** Bytes a second. */
  readonly rate: number;
  /** `private.sparse` */
  readonly isSparse: boolean;
}

/** Notified of each check. */
export interface CheckObserver {
  /** @param result `undefined` if it failed */
  checked(result: CheckResult | undefined): void;
}

interface ScheduledCheckParts {
  readonly storage: Storage;
  readonly log: Logger;
  readonly observers: readonly CheckObserver[];
  /** Downloads content of a cached repository again. */
  fetchAgain(wanted: WantedAgain, signal: AbortSignal): Promise<void>;
}

/** After a check that failed. */
const againAfterMs = 60 * 60_000;
/** Longer than for a person who waits: deletions of many tags may take this long. */
const settledAfterMs = 10_000;

/** Checks everything that is stored beside the server, at a bounded rate, and mends it. Each check starts from the beginning. */
export class ScheduledCheck implements ScheduledTask {
  readonly name = "the check";
  readonly #settings: ScheduledCheckSettings;
  readonly #parts: ScheduledCheckParts;
  #notBeforeMs = 0;

  constructor(settings: ScheduledCheckSettings, parts: ScheduledCheckParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Counts from the end of the last check. The first look of a storage's first server begins to count. */
  async dueMs(every: number): Promise<number> {
    const { checks } = this.#parts.storage;
    const last = await checks.read();
    const sinceMs = last?.endedMs ?? last?.sinceMs ?? Date.now();
    if (last === undefined) await checks.write({ endedMs: undefined, sinceMs, damaged: 0, mended: 0 });
    return Math.max(this.#notBeforeMs, sinceMs + every);
  }

  async perform(every: number, stopped: AbortSignal): Promise<void> {
    const { storage } = this.#parts;
    await storage.withLock("fsck", (lost) => this.#check(every, AbortSignal.any([stopped, lost])), { waitMs: 0 });
  }

  failed(every: number, cause: unknown): void {
    // Another process does it.
    if (cause instanceof LockError && cause.reason === "held") return;
    this.#notBeforeMs = Date.now() + Math.min(every, againAfterMs);
    this.#parts.log.error("the stored content could not be checked", { cause });
    this.#tell(undefined);
  }

  async #check(every: number, signal: AbortSignal): Promise<void> {
    const { storage, log } = this.#parts;
    // Another process may have done it since.
    if (Date.now() < (await this.dueMs(every))) return;
    const reading = new ReadRate(this.#settings.rate, signal);
    const startedAt = performance.now();
    const result = await checkStorage(storage.forWalk(log), {
      isHashed: true,
      isSparse: this.#settings.isSparse,
      isRepaired: true,
      fetchAgain: (wanted) => this.#parts.fetchAgain(wanted, signal),
      settledAfterMs: Math.min(every, settledAfterMs),
      pace: (bytes) => reading.take(bytes),
      found: (finding) => logFinding(log, finding),
    });
    const { damaged, mended, blobs, bytes } = result;
    await storage.checks.write({ endedMs: Date.now(), sinceMs: Date.now(), damaged, mended });
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    log.info("stored content checked", { blobs, bytes, damaged, mended, seconds });
    this.#tell(result);
  }

  #tell(result: CheckResult | undefined): void {
    for (const observer of this.#parts.observers) observer.checked(result);
  }
}

const imagesLogged = 20;

function logFinding(log: Logger, finding: Finding): void {
  const { flaw, isDamage, what, place, digest, tag, holders, outcome, setAsideTo, obstacle, advice } = finding;
  const images = holders.flatMap((holder) => holder.images).slice(0, imagesLogged);
  const repositories = holders.map(({ name }) => name).slice(0, imagesLogged);
  const fields = { place, digest, tag, what, repositories, images, outcome, setAsideTo, obstacle, advice };
  if (isDamage) log.error(`fsck: ${flaw}`, fields);
  else log.debug(`fsck: ${flaw}`, fields);
}
