import { WorkShare } from "../maintenance/work-share.js";
import type { Logger } from "../observability/logger.js";
import { LockError } from "../oci/storage-error.js";
import type { Storage } from "../storage/storage.js";
import type { Policies } from "./policies.js";
import { applyRetention, type Retention, type RetentionReport, type TagDeletion } from "./retention-run.js";

export interface RetentionScheduleSettings {
  readonly policies: Policies;
  /** Milliseconds from one run to the next; `undefined`: none. */
  readonly every: number | undefined;
  /** The part of the time in which it works. */
  readonly share: number;
}

/** Notified of each run. */
export interface RetentionObserver {
  /** @param retention `undefined` if it failed */
  retained(retention: Retention | undefined): void;
}

interface ScheduleParts {
  readonly storage: Storage;
  readonly log: Logger;
  readonly observer: RetentionObserver | undefined;
  /** Opens what deletes tags; the signal ends it. */
  openDeletion(signal: AbortSignal): Promise<TagDeletion>;
}

const mostMsToLook = 60_000;
/** The first run waits at most this long after a start. */
const firstAfterMs = 60 * 60_000;

/**
 * Applies the policies from time to time while Berth serves. When that was last done is in the storage, so restarts and
 * several processes change nothing.
 */
export class RetentionSchedule {
  readonly #settings: RetentionScheduleSettings;
  readonly #parts: ScheduleParts;
  readonly #stop = new AbortController();
  readonly #startMs = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(settings: RetentionScheduleSettings, parts: ScheduleParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  start(): void {
    const { every, policies } = this.#settings;
    if (every === undefined || policies.areNone) return;
    this.#timer = setInterval(() => this.#look(every), Math.min(every / 2, mostMsToLook)).unref();
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error("retention was stopped"));
    await this.#running;
  }

  #look(every: number): void {
    if (this.#running !== undefined) return;
    this.#running = this.#runIfDue(every).finally(() => {
      this.#running = undefined;
    });
  }

  async #runIfDue(every: number): Promise<void> {
    const { storage, log, observer } = this.#parts;
    try {
      const lastMs = await storage.retentions.lastMs();
      const dueMs = lastMs === undefined ? this.#startMs + Math.min(every, firstAfterMs) : lastMs + every;
      if (Date.now() < dueMs) return;
      observer?.retained(await this.#run());
    } catch (cause) {
      if (this.#stop.signal.aborted) return;
      // Another process or command does it.
      if (cause instanceof LockError) return;
      log.error("the retention policies could not be applied", { cause });
      observer?.retained(undefined);
    }
  }

  async #run(): Promise<Retention> {
    const { storage, log } = this.#parts;
    const { policies, share } = this.#settings;
    const startedAt = performance.now();
    const work = new WorkShare(share, this.#stop.signal);
    const walk = storage.forWalk(log);
    const retention = await applyRetention(
      walk,
      {
        policies,
        times: { nowMs: steadyNow(), pullsSinceMs: await storage.uses.sinceMs() },
        report: reportTo(log),
        isConfirmed: false,
        pace: () => work.rest(),
      },
      await this.#parts.openDeletion(this.#stop.signal),
    );
    const { repositories, tags, deleted, waiting } = retention;
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    log.info("retention policies applied", { repositories, tags, deleted, waiting: waiting.length, seconds });
    return retention;
  }
}

/**
 * The time in milliseconds since 1970, or an earlier one if the clock has jumped ahead while Berth runs: everything
 * would look old.
 */
function steadyNow(): number {
  return Math.min(Date.now(), performance.timeOrigin + performance.now());
}

function reportTo(log: Logger): RetentionReport {
  return {
    planned: () => {},
    deleted: ({ name, policy }, { tag, digest }) =>
      log.info("tag deleted by retention", { repository: name, tag, digest, policies: policy.names }),
    waits: ({ name, policy, decisions, leaving }) =>
      log.warn("new retention policies would remove much of a repository; say yes by `berth retention run --yes`", {
        repository: name,
        tags: decisions.length,
        leaving: leaving.length,
        policies: policy.names,
      }),
    problem: (problem) => log.warn(`retention: ${problem}`),
  };
}
