import type { Config } from "../config/schema.js";
import { ScheduledCheck } from "../maintenance/fsck/scheduled-check.js";
import { Schedule } from "../maintenance/schedule.js";
import type { Metrics } from "../metrics/metrics.js";
import type { Logger } from "../observability/logger.js";
import type { Storage } from "../storage/storage.js";

interface CheckingParts {
  readonly storage: Storage;
  readonly metrics?: Metrics | undefined;
  readonly log: Logger;
}

/** What checks the storage by the settings of a configuration. */
export function checkScheduleOf(config: Config, { storage, metrics, log }: CheckingParts): Schedule {
  const { rate, ...times } = config.maintenance.fsck;
  const settings = { rate, isSparse: config.private.sparse };
  const check = new ScheduledCheck(settings, {
    storage,
    log,
    observers: metrics === undefined ? [] : [metrics.checks],
    fetchAgain: async (wanted, signal) => {
      // Hardly ever needed, so it is made only then.
      const { ModeSelector } = await import("./mode-selector.js");
      const { fetchingAgain } = await import("./fetch-again.js");
      const modes = new ModeSelector(storage, { log });
      try {
        const caller = { address: "fsck", network: "fsck" };
        await fetchingAgain(await modes.registryOf(config), storage, { id: "fsck", signal, caller, log })(wanted);
      } finally {
        await modes.stop();
      }
    },
  });
  return new Schedule(check, times);
}
