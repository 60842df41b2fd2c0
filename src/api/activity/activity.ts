import type { Logger } from "../../observability/logger.js";
import type { Storage } from "../../storage/storage.js";
import { DayTally } from "./day-tally.js";
import { RunningDownloads } from "./running-downloads.js";
import { UpstreamStates } from "./upstream-states.js";

/** What this process does, whichever configuration is in effect. */
export class Activity {
  readonly startedMs = Date.now();
  readonly today: DayTally;
  readonly downloads: RunningDownloads;
  readonly upstreams = new UpstreamStates();

  constructor(storage: Storage, log: Logger) {
    this.today = new DayTally(storage.dayCounts, log);
    this.downloads = new RunningDownloads((bytes) => this.today.noteDownloaded(bytes));
  }

  stop(): Promise<void> {
    return this.today.stop();
  }
}
