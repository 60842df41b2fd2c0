import type { Logger } from "../../observability/logger.js";
import { LockError } from "../../oci/storage-error.js";
import type { Storage } from "../../storage/storage.js";
import { type DailyWindow, isInWindow } from "../daily-window.js";
import { checkStorage } from "./check.js";
import type { CheckResult, Finding } from "./finding.js";
import type { WantedAgain } from "./mend-bytes.js";
import { ReadRate } from "./read-rate.js";

export interface CheckScheduleSettings {
  /** Milliseconds from the end of one check to the begin of the next; `undefined`: none. */
  readonly every: number | undefined;
  readonly window: DailyWindow | undefined;
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

interface CheckScheduleParts {
  readonly storage: Storage;
  readonly log: Logger;
  readonly observers: readonly CheckObserver[];
  /** Downloads content of a cached repository again. */
  fetchAgain(wanted: WantedAgain, signal: AbortSignal): Promise<void>;
}

const mostMsToLook = 60_000;
/** After a check that failed. */
const againAfterMs = 60 * 60_000;
/** Longer than for a person who waits: deletions of many tags may take this long. */
const settledAfterMs = 10_000;

/**
 * Checks everything that is stored from time to time while Berth serves, at a bounded rate, and mends it. When the last
 * check was is in the storage, so restarts and several processes change nothing.
 */
export class CheckSchedule {
  readonly #settings: CheckScheduleSettings;
  readonly #parts: CheckScheduleParts;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #notBeforeMs = 0;

  constructor(settings: CheckScheduleSettings, parts: CheckScheduleParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  start(): void {
    const { every } = this.#settings;
    if (every === undefined) return;
    this.#timer = setInterval(() => this.#look(every), Math.min(every / 2, mostMsToLook)).unref();
  }

  /** Resolves when nothing of it runs any more. The next check begins from the start. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error("the check was stopped"));
    await this.#running;
  }

  #look(every: number): void {
    if (this.#running !== undefined || Date.now() < this.#notBeforeMs) return;
    this.#running = this.#checkIfDue(every).finally(() => {
      this.#running = undefined;
    });
  }

  async #checkIfDue(every: number): Promise<void> {
    const { storage, log } = this.#parts;
    try {
      if (!isInWindow(this.#settings.window) || !(await this.#isDue(every))) return;
      await storage.withLock("fsck", (lost) => this.#check(every, lost), { waitMs: 0 });
    } catch (cause) {
      // Another process does it, or this one ends.
      if (this.#stop.signal.aborted || (cause instanceof LockError && cause.reason === "held")) return;
      this.#notBeforeMs = Date.now() + Math.min(every, againAfterMs);
      log.error("the stored content could not be checked", { cause });
      this.#tell(undefined);
    }
  }

  /** The first look of a storage's first server begins to count. */
  async #isDue(every: number): Promise<boolean> {
    const { checks } = this.#parts.storage;
    const last = await checks.read();
    if (last !== undefined) return Date.now() >= (last.endedMs ?? last.sinceMs) + every;
    await checks.write({ endedMs: undefined, sinceMs: Date.now(), damaged: 0, mended: 0 });
    return false;
  }

  async #check(every: number, lost: AbortSignal): Promise<void> {
    const { storage, log } = this.#parts;
    // Another process may have done it since.
    if (!(await this.#isDue(every))) return;
    const signal = AbortSignal.any([this.#stop.signal, lost]);
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
