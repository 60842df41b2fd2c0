import { Counter, Gauge, type Registry } from "prom-client";
import type { Retention } from "../retention/retention-run.js";
import type { RetentionObserver } from "../retention/scheduled-retention.js";

/** What the schedule of retention does. */
export class RetentionMetrics implements RetentionObserver {
  readonly #runs: Counter<"result">;
  readonly #tags: Counter;
  readonly #waiting: Gauge;

  constructor(registers: Registry[]) {
    this.#runs = new Counter({
      name: "berth_retention_runs_total",
      help: "Runs of the retention policies by the schedule.",
      labelNames: ["result"],
      registers,
    });
    this.#tags = new Counter({
      name: "berth_retention_deleted_tags_total",
      help: "Tags that the schedule has deleted, since no retention policy keeps them.",
      registers,
    });
    this.#waiting = new Gauge({
      name: "berth_retention_waiting_repositories",
      help: "Repositories of which new retention policies would remove much, so that they need confirmation.",
      aggregator: "max",
      registers,
    });
  }

  retained(retention: Retention | undefined): void {
    this.#runs.inc({ result: retention === undefined ? "failed" : "ok" });
    this.#tags.inc(retention?.deleted ?? 0);
    if (retention !== undefined) this.#waiting.set(retention.waiting.length);
  }
}
