import { MetricsSum } from "../../metrics/metrics-sum.js";
import type { WorkerPool } from "./worker-pool.js";

/** Prometheus waits ten seconds for all. */
const answerMs = 3_000;

/** The metrics of all workers as those of one program. */
export class WorkerMetrics {
  readonly #workers: WorkerPool;
  readonly #sum = new MetricsSum();
  #asking: Promise<void> | undefined;

  constructor(workers: WorkerPool) {
    this.#workers = workers;
  }

  /** Asks all workers; of one that does not answer in time, what it told last counts. */
  async text(): Promise<string> {
    // Two that scrape at once share the answers.
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
    return this.#sum.text();
  }

  async #ask(): Promise<void> {
    const { running } = this.#workers;
    await Promise.all(
      running.map(async (worker) => {
        const report = await worker.measure(answerMs);
        if (report !== undefined) this.#sum.told(worker, report);
      }),
    );
    const now = new Set<object>(this.#workers.running);
    for (const worker of this.#sum.processes) if (!now.has(worker)) this.#sum.ended(worker);
  }
}
