import cluster from "node:cluster";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Config } from "../../config/schema.js";
import type { Logger } from "../../observability/logger.js";
import type { Stoppable } from "../stop-signals.js";
import { shareOf } from "./share.js";
import { WorkerProcess } from "./worker-process.js";

const firstPauseMs = 100;
const longestPauseMs = 30_000;

/** One that served for so long did not end because of its start. */
const steadyAfterMs = 60_000;

/** All workers: they start together, each that ends is started again, and they stop together. */
export class WorkerPool implements Stoppable {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  /** By number, from 1. */
  readonly #workers = new Map<number, WorkerProcess>();

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  /**
   * @returns the port that all listen on
   * @throws WorkerStartError if one of them cannot serve; none runs any more then
   */
  async start(): Promise<number> {
    cluster.setupPrimary({
      exec: fileURLToPath(new URL("./worker.js", import.meta.url)),
      args: [],
      // What they write goes through this process: only one writer never cuts into another's line.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const workers = Array.from({ length: this.#config.server.workers }, (_, index) => this.#start(index + 1));
    try {
      const addresses = await Promise.all(workers.map(({ listening }) => listening));
      for (const [index, worker] of workers.entries()) void this.#keep(index + 1, worker);
      return addresses[0]?.port ?? this.#config.server.port;
    } catch (error) {
      for (const worker of workers) worker.kill();
      await Promise.all(workers.map(({ ended }) => ended));
      throw error;
    }
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const workers = [...this.#workers.values()];
    for (const worker of workers) worker.stop(graceMs);
    await Promise.all(workers.map(({ ended }) => ended));
  }

  cut(): void {
    for (const worker of this.#workers.values()) worker.tell({ do: "cut" });
  }

  #start(number: number): WorkerProcess {
    const worker = new WorkerProcess({ do: "serve", worker: number, config: shareOf(this.#config, number) });
    this.#workers.set(number, worker);
    return worker;
  }

  /** Starts a worker again whenever it ended, until all are to stop. */
  async #keep(number: number, first: WorkerProcess): Promise<void> {
    let worker = first;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      const startedAt = performance.now();
      const end = await worker.ended;
      if (performance.now() - startedAt > steadyAfterMs) pauseMs = firstPauseMs;
      if (this.#stopping.signal.aborted) return;
      this.#log.warn("a worker ended and is started again", { worker: number, ...end, pauseSeconds: pauseMs / 1000 });
      await delay(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted) return;
      worker = this.#start(number);
    }
  }
}
