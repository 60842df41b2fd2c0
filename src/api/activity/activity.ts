import { UseRecording } from "../../images/use-recording.js";
import type { Logger } from "../../observability/logger.js";
import type { Storage } from "../../storage/storage.js";
import { JobBoard } from "../changes/job-board.js";
import { type ActivityReport, combined } from "./activity-report.js";
import { DayTally } from "./day-tally.js";
import { RunningDownloads } from "./running-downloads.js";
import { UpstreamStates } from "./upstream-states.js";

/** Many watch, and each look would ask all processes. */
const sharedForMs = 400;

interface ActivityParts {
  readonly storage: Storage;
  readonly log: Logger;
  /** Uploads that this process is receiving. */
  uploads(): number;
  /** In bytes; `undefined` if nothing is cached. */
  cacheSize(): number | undefined;
}

/** What this process does, whichever configuration is in effect, and what the others do. */
export class Activity {
  readonly startedMs = Date.now();
  readonly today: DayTally;
  readonly downloads: RunningDownloads;
  readonly upstreams = new UpstreamStates();
  readonly jobs: JobBoard;
  /** What the other processes of this Berth do, as far as they answer. Set by the code that knows them. */
  others: () => Promise<readonly ActivityReport[]> = async () => [];
  readonly #parts: ActivityParts;
  readonly #uses: UseRecording;
  #asked: { readonly atMs: number; readonly reports: Promise<readonly ActivityReport[]> } | undefined;

  constructor(parts: ActivityParts) {
    const { storage, log } = parts;
    this.#parts = parts;
    this.today = new DayTally(storage.dayCounts, log);
    this.jobs = new JobBoard(storage.jobs, log);
    this.#uses = new UseRecording(storage, log);
    this.downloads = new RunningDownloads((bytes) => this.today.noteDownloaded(bytes));
  }

  /** What this process does now. */
  report(): ActivityReport {
    return {
      downloads: this.downloads.list(),
      upstreams: this.upstreams.all(),
      today: [this.today.own()],
      uploads: this.#parts.uploads(),
      cacheSize: this.#parts.cacheSize(),
    };
  }

  /** What all processes do together. */
  async everywhere(): Promise<ActivityReport> {
    if (this.#asked === undefined || performance.now() - this.#asked.atMs > sharedForMs)
      this.#asked = { atMs: performance.now(), reports: this.others() };
    return combined([this.report(), ...(await this.#asked.reports)]);
  }

  async stop(): Promise<void> {
    await this.jobs.stop();
    await this.today.stop();
    await this.#uses.stop();
  }
}
