import type { Config } from "../config/schema.js";
import { Schedule } from "../maintenance/schedule.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
import { Policies } from "../retention/policies.js";
import { ScheduledRetention } from "../retention/scheduled-retention.js";
import type { Storage } from "../storage/storage.js";
import { OwnChanges } from "./own-changes.js";

interface RetentionParts {
  readonly storage: Storage;
  readonly metrics?: Metrics | undefined;
  readonly log: Logger;
}

/** What applies the policies of a configuration from time to time. */
export function retentionScheduleOf(config: Config, { storage, metrics, log }: RetentionParts): Schedule {
  const { every } = config.retention;
  // Nothing can be deleted, or nothing is private.
  const isIdle = config.private.readonly || config.mode === "proxy";
  const policies = new Policies(isIdle ? [] : config.retention.policies);
  const retention = new ScheduledRetention(
    { policies, share: config.maintenance.gc.share },
    {
      storage,
      log,
      observer: metrics?.retention,
      openDeletion: (signal) =>
        OwnChanges.open(config, "retention", { storage, metrics: metrics?.events, log, signal }),
    },
  );
  return new Schedule(retention, { every: policies.areNone ? undefined : every });
}
