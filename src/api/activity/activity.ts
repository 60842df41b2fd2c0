import { UseRecording } from "../../images/use-recording.js";
import type { Logger } from "../../observability/logger.js";
import type { Storage } from "../../storage/storage.js";
import { JobBoard } from "../changes/job-board.js";
import { DayTally } from "./day-tally.js";
import { RunningDownloads } from "./running-downloads.js";
import { UpstreamStates } from "./upstream-states.js";

/** What this process does, whichever configuration is in effect. */
export class Activity {
  readonly startedMs = Date.now();
  readonly today: DayTally;
  readonly downloads: RunningDownloads;
  readonly upstreams = new UpstreamStates();
  readonly jobs: JobBoard;
  readonly #uses: UseRecording;

  constructor(storage: Storage, log: Logger) {
    this.today = new DayTally(storage.dayCounts, log);
    this.jobs = new JobBoard(storage.jobs, log);
    this.#uses = new UseRecording(storage, log);
    this.downloads = new RunningDownloads((bytes) => this.today.noteDownloaded(bytes));
  }

  async stop(): Promise<void> {
    await this.jobs.stop();
    await this.today.stop();
    await this.#uses.stop();
  }
}
