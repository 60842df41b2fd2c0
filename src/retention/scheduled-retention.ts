import { dueAgain, type ScheduledTask } from "../maintenance/schedule.js";
import { WorkShare } from "../maintenance/work-share.js";
import type { Logger } from "../observability/logger.js";
import { LockError } from "../oci/storage-error.js";
import type { Storage } from "../storage/storage.js";
import type { Policies } from "./policies.js";
import { applyRetention, type Retention, type RetentionReport, type TagDeletion } from "./retention-run.js";

interface ScheduledRetentionSettings {
  readonly policies: Policies;
  /** The part of the time in which it works. */
  readonly share: number;
}

/** Notified of each run. */
export interface RetentionObserver {
  /** @param retention `undefined` if it failed */
  retained(retention: Retention | undefined): void;
}

interface ScheduledRetentionParts {
  readonly storage: Storage;
  readonly log: Logger;
  readonly observer: RetentionObserver | undefined;
  /** Opens what deletes tags; the signal ends it. */
  openDeletion(signal: AbortSignal): Promise<TagDeletion>;
}

/** Applies the policies beside the server. */
export class ScheduledRetention implements ScheduledTask {
  readonly name = "retention";
  readonly #settings: ScheduledRetentionSettings;
  readonly #parts: ScheduledRetentionParts;
  readonly #startMs = Date.now();

  constructor(settings: ScheduledRetentionSettings, parts: ScheduledRetentionParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  async dueMs(every: number): Promise<number> {
    return dueAgain(every, await this.#parts.storage.retentions.lastMs(), this.#startMs);
  }

  async perform(_every: number, signal: AbortSignal): Promise<void> {
    const retention = await this.#run(signal);
    this.#parts.observer?.retained(retention);
  }

  failed(_every: number, cause: unknown): void {
    // Another process or command does it.
    if (cause instanceof LockError) return;
    this.#parts.log.error("the retention policies could not be applied", { cause });
    this.#parts.observer?.retained(undefined);
  }

  async #run(signal: AbortSignal): Promise<Retention> {
    const { storage, log } = this.#parts;
    const { policies, share } = this.#settings;
    const startedAt = performance.now();
    const work = new WorkShare(share, signal);
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
      await this.#parts.openDeletion(signal),
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
      log.warn("new retention policies would remove much of a repository; confirm with `berth retention run --yes`", {
        repository: name,
        tags: decisions.length,
        leaving: leaving.length,
        policies: policy.names,
      }),
    problem: (problem) => log.warn(`retention: ${problem}`),
  };
}
