import { randomBytes } from "node:crypto";
import type { Logger } from "../../observability/logger.js";
import { RegistryError } from "../../oci/errors.js";
import type { JobStore } from "../../storage/job-store.js";
import { showTime } from "../answers.js";

const shownJobs = 100;

/** Each downloads several blobs at once, or walks over the storage. */
const mostRunning = 2;

/** While a job runs, its process writes this often how far it is; one that has not for so long was killed. */
const writtenEachMs = 5_000;
const lostAfterMs = 45_000;

/** One image of a job. */
export interface JobImage {
  readonly image: string;
  state: "waiting" | "running" | "done" | "failed";
  /** In bytes. */
  downloaded?: number;
  problem?: string;
}

/** A job as it is stored. Times in milliseconds since 1970. */
interface Job {
  readonly id: string;
  readonly task: string;
  state: "running" | "done" | "failed";
  readonly startedMs: number;
  updatedMs: number;
  endedMs?: number;
  readonly user?: string | undefined;
  result?: string;
  readonly images?: readonly JobImage[];
}

/** What a job does. */
export interface JobToRun {
  readonly task: string;
  /** Who started it; `undefined` for an anonymous client. */
  readonly user: string | undefined;
  /** Changed while it runs. */
  readonly images?: readonly JobImage[];
  /** @returns the result in a sentence; throws the failure */
  run(signal: AbortSignal): Promise<string>;
}

/** Tasks that run longer than a request. Every process shows those of all, and each runs its own. */
export class JobBoard {
  readonly #store: JobStore;
  readonly #log: Logger;
  readonly #running = new Map<string, { readonly job: Job; readonly ended: Promise<void> }>();
  readonly #stopping = new AbortController();

  constructor(store: JobStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** @returns the job as it begins @throws RegistryError if too many run */
  async start({ task, user, images, run }: JobToRun): Promise<unknown> {
    if (this.#running.size >= mostRunning) {
      const message = `${mostRunning} tasks are running; start the next one when one of them has ended`;
      throw new RegistryError("TOOMANYREQUESTS", message, { headers: { "Retry-After": "30" } });
    }
    const now = Date.now();
    const id = `${now.toString(36).padStart(9, "0")}-${randomBytes(4).toString("hex")}`;
    const job: Job = { id, task, state: "running", startedMs: now, updatedMs: now, user, ...(images && { images }) };
    const written = this.#store.write(id, job);
    // Only then: what a quick job writes at its end must not be overtaken by what it wrote at its beginning.
    const ended = written.then(
      () => this.#perform(job, run),
      () => {},
    );
    this.#running.set(id, { job, ended: ended.finally(() => this.#running.delete(id)) });
    await written;
    await this.#forgetOld();
    return view(job);
  }

  /** The newest first. */
  async list(): Promise<{ readonly items: readonly unknown[] }> {
    const ids = (await this.#store.ids()).toReversed().slice(0, shownJobs);
    const jobs = await Promise.all(
      ids.map(async (id) => this.#running.get(id)?.job ?? parse(await this.#store.read(id))),
    );
    return { items: jobs.flatMap((job) => (job === undefined ? [] : [view(job)])) };
  }

  /** Ends what runs. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("Berth stops"));
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  async #perform(job: Job, run: JobToRun["run"]): Promise<void> {
    let writing = Promise.resolve();
    const write = () => {
      writing = writing.then(() => this.#write(job));
      return writing;
    };
    const timer = setInterval(write, writtenEachMs).unref();
    try {
      job.result = await run(this.#stopping.signal);
      job.state = "done";
    } catch (cause) {
      job.result = cause instanceof Error ? cause.message : String(cause);
      job.state = "failed";
      this.#log.warn("a task that was started over HTTP failed", { task: job.task, job: job.id, cause });
    }
    clearInterval(timer);
    job.endedMs = Date.now();
    await write();
    this.#log.info("task ended", { task: job.task, job: job.id, state: job.state, result: job.result });
  }

  /** If it cannot be written, other processes do not see how far it is. */
  async #write(job: Job): Promise<void> {
    job.updatedMs = Date.now();
    await this.#store
      .write(job.id, job)
      .catch((cause: unknown) => this.#log.debug("the state of a task could not be written", { cause }));
  }

  async #forgetOld(): Promise<void> {
    const ids = await this.#store.ids();
    await this.#store.remove(ids.slice(0, Math.max(0, ids.length - shownJobs)));
  }
}

function view({ id, task, state, startedMs, updatedMs, endedMs, user, result, images }: Job) {
  const isLost = state === "running" && Date.now() - updatedMs > lostAfterMs;
  return {
    id,
    task,
    state: isLost ? "failed" : state,
    startedAt: showTime(startedMs),
    endedAt: showTime(isLost ? updatedMs : endedMs),
    user,
    result: isLost ? "the process that ran it has ended" : result,
    images,
  };
}

function parse(job: unknown): Job | undefined {
  const isJob = typeof job === "object" && job !== null && "id" in job && "startedMs" in job;
  // Only `#write` and `start` write it.
  return isJob ? (job as Job) : undefined;
}
