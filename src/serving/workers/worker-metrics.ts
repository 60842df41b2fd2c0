import { MetricsSum } from "../../metrics/metrics-sum.js";
import type { WorkerPool } from "./worker-pool.js";

/** Prometheus waits ten seconds for all workers together. */
const answerMs = 3_000;

/** Combines the metrics of all workers. */
export class WorkerMetrics {
  readonly #workers: WorkerPool;
  readonly #sum = new MetricsSum();
  #reading: Promise<void> | undefined;

  constructor(workers: WorkerPool) {
    this.#workers = workers;
  }

  /** Asks all workers; if one does not answer in time, its last report counts. */
  async text(): Promise<string> {
    // Concurrent scrapes share the answers.
    this.#reading ??= this.#readReports().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this.#sum.text();
  }

  async #readReports(): Promise<void> {
    const { running } = this.#workers;
    await Promise.all(
      running.map(async (worker) => {
        const report = await worker.measure(answerMs);
        if (report !== undefined) this.#sum.report(worker, report);
      }),
    );
    const now = new Set<object>(this.#workers.running);
    for (const worker of this.#sum.processes) if (!now.has(worker)) this.#sum.ended(worker);
  }
}
