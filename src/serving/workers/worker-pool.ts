import cluster from "node:cluster";
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Config } from "../../config/schema.js";
import type { Logger } from "../../observability/logger.js";
import type { Stoppable } from "../stop-signals.js";
import { shareOf } from "./share.js";
import { WorkerProcess } from "./worker-process.js";
import { WorkerRefusal } from "./worker-refusal.js";

/** A worker that served is replaced at once. */
const shortestPauseMs = 100;
/** A worker that ends again and again, or cannot start, must not take a core from the others. */
const longestPauseMs = 2_000;

/** Someone looks at the page meanwhile. */
const activityMs = 800;

/** Each time that a worker has served this long, the next pause is half of the last. */
const steadyAfterMs = 2_000;

/** After the grace period, a worker has little left to do; one that takes longer hangs. */
const lastStepsMs = 2_000;

/** All workers. The first starts before the others, each that ends is restarted, and they stop together. */
export class WorkerPool implements Stoppable {
  #config: Config;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  /** By number, from 1. */
  readonly #workers = new Map<number, WorkerProcess>();
  readonly #tokenSeed = randomBytes(32).toString("hex");
  #changes = 0;
  #changing: Promise<void> = Promise.resolve();

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  /**
   * @returns the port that all workers listen on
   * @throws WorkerStartError if one of them cannot serve; none runs any more then
   */
  async start(): Promise<number> {
    // Each worker accepts its own connections. If the primary passed them out, one would hang if its worker died before
    // acknowledging it, and a stuck worker would get as many as the others.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: fileURLToPath(new URL("./worker.js", import.meta.url)),
      args: [],
      // Their output goes through this process: a single writer never mixes lines.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    try {
      // What the first one does before it serves must be done when the others start.
      const { port } = await this.#start(1).listening;
      for (let number = 2; number <= this.#config.server.workers; number++) this.#start(number);
      await Promise.all([...this.#workers.values()].map(({ listening }) => listening));
      for (const [number, worker] of this.#workers) void this.#keep(number, worker);
      return port;
    } catch (error) {
      const workers = [...this.#workers.values()];
      for (const worker of workers) worker.kill();
      await Promise.all(workers.map(({ ended }) => ended));
      throw error;
    }
  }

  /** Running workers; a restarted worker is a new entry. */
  get running(): readonly WorkerProcess[] {
    return [...this.#workers.values()];
  }

  /**
   * Applies another configuration to all workers, or to none: each prepares, and they switch once all are prepared.
   * @throws WorkerRefusal of the first that cannot serve with it
   */
  async reconfigure(config: Config): Promise<void> {
    const change = ++this.#changes;
    const changing = this.#prepare(change, config);
    // A worker that is restarted meanwhile waits, and starts with the configuration that is then in effect.
    this.#changing = changing.catch(() => {});
    await changing;
  }

  async #prepare(change: number, config: Config): Promise<void> {
    const workers = [...this.#workers];
    await Promise.all(
      workers.map(([number, worker]) =>
        worker.prepare(change, shareOf(config, number)).catch((cause: Error) => {
          throw new WorkerRefusal(number, cause.message);
        }),
      ),
    );
    this.#config = config;
    for (const [, worker] of workers) worker.tell({ do: "takeOver", change });
  }

  /** Settles when no change is in progress. */
  async #decided(): Promise<void> {
    for (let seen: unknown; seen !== this.#changing; ) {
      seen = this.#changing;
      await seen;
    }
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const workers = [...this.#workers.values()];
    for (const worker of workers) worker.stop(graceMs);
    const killing = setTimeout(() => this.#killAll(), graceMs + lastStepsMs);
    await Promise.all(workers.map(({ ended }) => ended));
    clearTimeout(killing);
  }

  cut(): void {
    for (const worker of this.#workers.values()) worker.tell({ do: "cut" });
    // A stuck worker does not receive the message.
    setTimeout(() => this.#killAll(), lastStepsMs).unref();
  }

  #killAll(): void {
    this.#log.error("workers take too long to stop, perhaps a disk hangs: they are killed");
    for (const worker of this.#workers.values()) worker.kill();
  }

  #start(number: number): WorkerProcess {
    const worker = new WorkerProcess({
      do: "serve",
      worker: number,
      config: shareOf(this.#config, number),
      tokenSeed: this.#tokenSeed,
    });
    this.#workers.set(number, worker);
    worker.onAsking = (request) => void this.#tellOthers(worker, request);
    return worker;
  }

  /** Tells a worker what the others do. */
  async #tellOthers(worker: WorkerProcess, request: number): Promise<void> {
    const others = this.running.filter((each) => each !== worker);
    const answers = await Promise.all(others.map((each) => each.activity(activityMs)));
    worker.tell({ do: "hearOthers", request, reports: answers.filter((answer) => answer !== undefined) });
  }

  /** Restarts a worker whenever it ends, until all are stopped. */
  async #keep(number: number, first: WorkerProcess): Promise<void> {
    let worker = first;
    let pauseMs = shortestPauseMs;
    for (;;) {
      const startedAt = performance.now();
      const end = await worker.ended;
      const wasSteady = performance.now() - startedAt > steadyAfterMs;
      pauseMs = wasSteady ? Math.max(pauseMs / 2, shortestPauseMs) : Math.min(pauseMs * 2, longestPauseMs);
      if (this.#stopping.signal.aborted) return;
      this.#log.warn("a worker died and is restarted", { worker: number, ...end, pauseSeconds: pauseMs / 1000 });
      await delay(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
      await this.#decided();
      if (this.#stopping.signal.aborted) return;
      worker = this.#start(number);
    }
  }
}
