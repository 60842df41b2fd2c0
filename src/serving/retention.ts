import type { Config } from "../config/schema.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
import { Policies } from "../retention/policies.js";
import { RetentionSchedule } from "../retention/retention-schedule.js";
import type { Storage } from "../storage/storage.js";
import { OwnChanges } from "./own-changes.js";

interface RetentionParts {
  readonly storage: Storage;
  readonly metrics?: Metrics | undefined;
  readonly log: Logger;
}

/** What applies the policies of a configuration from time to time. It has started. */
export function retentionScheduleOf(config: Config, { storage, metrics, log }: RetentionParts): RetentionSchedule {
  const { every, policies } = config.retention;
  const { share } = config.maintenance.gc;
  const schedule = new RetentionSchedule(
    // Nothing can be deleted, and nothing is private.
    { policies: new Policies(config.private.readonly || config.mode === "proxy" ? [] : policies), every, share },
    {
      storage,
      log,
      observer: metrics?.retention,
      openDeletion: (signal) =>
        OwnChanges.open(config, "retention", { storage, metrics: metrics?.events, log, signal }),
    },
  );
  schedule.start();
  return schedule;
}
