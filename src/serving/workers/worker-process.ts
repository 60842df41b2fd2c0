import cluster, { type Address, type Worker } from "node:cluster";
import type { ActivityReport } from "../../api/activity/activity-report.js";
import type { Config } from "../../config/schema.js";
import type { MetricsReport } from "../../metrics/metrics-sum.js";
import { passLinesOn } from "../../observability/pass-lines-on.js";
import type { WorkerOrder, WorkerReport } from "./messages.js";

/** How a process ended. */
export interface WorkerEnd {
  readonly pid: number | undefined;
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A worker ended before it served; with the reason that it gave. */
export class WorkerStartError extends Error {
  override readonly name = "WorkerStartError";
  readonly code: number | undefined;

  constructor(reason: string | undefined, { code, signal }: WorkerEnd) {
    super(reason ?? `a worker ended with ${signal ?? `code ${code}`} before it served`);
    this.code = code;
  }
}

/** One worker as the primary sees it, from its start to its end. */
export class WorkerProcess {
  /** The address that it listens on; rejects if the worker ends before that. */
  readonly listening: Promise<Address>;
  /** Resolves when the worker has ended and all its output has been passed on. */
  readonly ended: Promise<WorkerEnd>;
  readonly #worker: Worker;
  /** Its first message says that it can receive messages. */
  readonly #ready: Promise<unknown>;
  #isListening = false;
  #reason: string | undefined;
  /** Told when the worker asks what the others do. */
  onAsking: (request: number) => void = () => {};
  #requests = 0;

  constructor(order: WorkerOrder) {
    this.#worker = cluster.fork();
    const { stdout, stderr, pid } = this.#worker.process;
    if (stdout !== null) passLinesOn(stdout, process.stdout);
    if (stderr !== null) passLinesOn(stderr, process.stderr);
    this.#worker.on("message", (report: WorkerReport) => {
      if (report.is === "failed") this.#reason = report.reason;
      if (report.is === "asking") this.onAsking(report.request);
    });
    this.#ready = new Promise((resolve) => {
      this.#worker.once("message", resolve);
    });
    this.ended = new Promise((resolve) => {
      // Also emitted for each message that a dying worker does not receive. It has no pid if it could not be started at
      // all.
      this.#worker.on("error", () => {
        if (pid === undefined) resolve({ pid, code: undefined, signal: undefined });
      });
      this.#worker.process.once("close", (code, signal) => {
        resolve({ pid, code: code ?? undefined, signal: signal ?? undefined });
      });
    });
    this.listening = new Promise((resolve, reject) => {
      this.#worker.once("listening", (address) => {
        this.#isListening = true;
        resolve(address);
      });
      void this.ended.then((end) => reject(new WorkerStartError(this.#reason, end)));
    });
    this.listening.catch(() => {});
    this.tell(order);
  }

  /** Sends an order as soon as the worker can receive it; a worker that has ended receives none. */
  tell(order: WorkerOrder): void {
    void this.#ready.then(() => {
      if (this.#worker.isConnected()) this.#worker.send(order, () => {});
    });
  }

  /**
   * Prepares it for another configuration.
   * @returns also if it ends meanwhile: once restarted, it uses the configuration that is then in effect
   * @throws Error with its reason if it cannot serve with it
   */
  prepare(change: number, config: Config): Promise<void> {
    return new Promise((resolve, reject) => {
      const hear = (report: WorkerReport) => {
        if (report.is === "prepared" && report.change === change) settle(resolve);
        if (report.is === "unable" && report.change === change) settle(() => reject(new Error(report.reason)));
      };
      const settle = (done: () => void) => {
        this.#worker.off("message", hear);
        done();
      };
      this.#worker.on("message", hear);
      void this.ended.then(() => settle(resolve));
      this.tell({ do: "prepare", change, config });
    });
  }

  /** Its metrics; `undefined` if it ends, or does not answer in time because it is busy or stuck. */
  measure(withinMs: number): Promise<MetricsReport | undefined> {
    const request = ++this.#requests;
    return this.#ask({ do: "measure", request }, withinMs, (report) =>
      report.is === "measured" && report.request === request ? report.report : undefined,
    );
  }

  /** What it does now; `undefined` as for its metrics. */
  activity(withinMs: number): Promise<ActivityReport | undefined> {
    const request = ++this.#requests;
    return this.#ask({ do: "tellActivity", request }, withinMs, (report) =>
      report.is === "active" && report.request === request ? report.report : undefined,
    );
  }

  /** @param answerIn what a report answers; `undefined` if it is no answer */
  #ask<Answer>(
    order: WorkerOrder,
    withinMs: number,
    answerIn: (report: WorkerReport) => Answer | undefined,
  ): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const settle = (answer?: Answer) => {
        this.#worker.off("message", hear);
        clearTimeout(late);
        resolve(answer);
      };
      const hear = (report: WorkerReport) => {
        const answer = answerIn(report);
        if (answer !== undefined) settle(answer);
      };
      const late = setTimeout(settle, withinMs);
      this.#worker.on("message", hear);
      void this.ended.then(() => settle());
      this.tell(order);
    });
  }

  /**
   * Lets running transfers finish. The primary closes the port before it stops the worker: if each worker closed it for
   * itself, a connection to the last one could belong to no worker, and hang.
   */
  stop(graceMs: number): void {
    if (this.#isListening) {
      this.#worker.disconnect();
      this.tell({ do: "stop", graceMs });
    } else this.kill();
  }

  kill(): void {
    this.#worker.process.kill("SIGKILL");
  }
}
