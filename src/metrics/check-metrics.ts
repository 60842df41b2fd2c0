import { Counter, Gauge, type Registry } from "prom-client";
import type { CheckResult } from "../maintenance/fsck/finding.js";
import type { CheckObserver } from "../maintenance/fsck/scheduled-check.js";
import type { LastCheck } from "../storage/check-record.js";

/** Blobs that were hashed while they were sent. */
export interface VerifiedReads {
  readonly whole: number;
  readonly damaged: number;
}

/** Checks of the stored content. The last one is in the storage, so every process knows it. */
export class CheckMetrics implements CheckObserver {
  lastCheck: () => Promise<LastCheck | undefined> = async () => undefined;
  verifiedReads: VerifiedReads = { whole: 0, damaged: 0 };
  readonly #runs: Counter<"result">;

  constructor(registers: Registry[]) {
    this.#runs = new Counter({
      name: "berth_fsck_runs_total",
      help: "Checks of the stored content by the schedule.",
      labelNames: ["result"],
      registers,
    });
    this.#addReads(registers);
    this.#addLast(registers, {
      name: "berth_fsck_last_success_timestamp_seconds",
      help: "When the stored content was last checked, in seconds since 1970.",
      value: ({ endedMs = 0 }) => endedMs / 1000,
    });
    this.#addLast(registers, {
      name: "berth_fsck_damaged",
      help: "What the last check found damaged or missing, and could not mend.",
      value: ({ damaged }) => damaged,
    });
    this.#addLast(registers, {
      name: "berth_fsck_mended",
      help: "What the last check found damaged or missing, and mended.",
      value: ({ mended }) => mended,
    });
  }

  checked(result: CheckResult | undefined): void {
    this.#runs.inc({ result: result === undefined ? "failed" : "ok" });
  }

  #addReads(registers: Registry[]): void {
    const reads = () => this.verifiedReads;
    new Counter({
      name: "berth_verified_reads_total",
      help: "Blobs that were hashed while they were sent.",
      labelNames: ["result"],
      registers,
      collect() {
        this.reset();
        for (const result of ["whole", "damaged"] as const) this.inc({ result }, reads()[result]);
      },
    });
  }

  #addLast(
    registers: Registry[],
    { name, help, value }: { name: string; help: string; value: (last: LastCheck) => number },
  ): void {
    const last = () => this.lastCheck();
    new Gauge({
      name,
      help,
      aggregator: "max",
      registers,
      async collect() {
        const found = await last();
        if (found?.endedMs === undefined) this.remove();
        else this.set(value(found));
      },
    });
  }
}
