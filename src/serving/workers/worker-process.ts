import cluster, { type Address, type Worker } from "node:cluster";
import type { Config } from "../../config/schema.js";
import { passLinesOn } from "../../observability/pass-lines-on.js";
import type { WorkerOrder, WorkerReport } from "./messages.js";

/** How a process ended. */
export interface WorkerEnd {
  readonly pid: number | undefined;
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A worker that ended before it served, with the reason that it gave. */
export class WorkerStartError extends Error {
  override readonly name = "WorkerStartError";
  readonly code: number | undefined;

  constructor(reason: string | undefined, { code, signal }: WorkerEnd) {
    super(reason ?? `a worker ended with ${signal ?? `code ${code}`} before it served`);
    this.code = code;
  }
}

/** One worker, as the primary sees it, from its start to its end. */
export class WorkerProcess {
  /** Where it listens; fails if it ends before. */
  readonly listening: Promise<Address>;
  /** When all that it wrote has been passed on, too. */
  readonly ended: Promise<WorkerEnd>;
  readonly #worker: Worker;
  /** Its first word is that it can hear. */
  readonly #ready: Promise<unknown>;
  #isListening = false;
  #reason: string | undefined;

  constructor(order: WorkerOrder) {
    this.#worker = cluster.fork();
    const { stdout, stderr, pid } = this.#worker.process;
    if (stdout !== null) passLinesOn(stdout, process.stdout);
    if (stderr !== null) passLinesOn(stderr, process.stderr);
    this.#worker.on("message", (report: WorkerReport) => {
      if (report.is === "failed") this.#reason = report.reason;
    });
    this.#ready = new Promise((resolve) => {
      this.#worker.once("message", resolve);
    });
    this.ended = new Promise((resolve) => {
      // Also told of each message that a dying worker does not take; it has no pid if it could not be started at all.
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

  /** As soon as it can hear; nothing is told to one that has ended. */
  tell(order: WorkerOrder): void {
    void this.#ready.then(() => {
      if (this.#worker.isConnected()) this.#worker.send(order, () => {});
    });
  }

  /**
   * Makes it ready for another configuration.
   * @returns also when it ends meanwhile: started again, it serves by the configuration that holds then
   * @throws Error with its reason if it cannot serve by it
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

  /**
   * Lets what runs end. Closed from here, before the worker hears of it: were each worker to close for itself, a
   * connection on its way to the last one would be nobody's, and hang.
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
