import { Worker } from "node:worker_threads";
import { StorageError } from "../../../oci/storage-error.js";
import { contentsOf, type DiskStep } from "./disk-steps.js";
import type { DiskFailure } from "./disk-worker.js";

interface Order {
  readonly steps: readonly DiskStep[];
  readonly settle: (error: Error | undefined) => void;
}

/** As many wait for the disk at once, started as they are needed. More gain little, and each costs 9 MB of memory. */
const most = 3;

/**
 * Threads that change the disk. An fsync waits for milliseconds, and a durable change is several of them and a dozen
 * other calls: done here they stall neither the event loop nor the four threads of libuv that reads go through, and
 * cost one message instead of a hop for each call.
 */
export class DiskWorkers {
  readonly #root: string;
  readonly #idle: Worker[] = [];
  readonly #waiting: Order[] = [];
  readonly #running = new Map<Worker, Order>();

  /** @param root the folder that all paths lie below */
  constructor(root: string) {
    this.#root = root;
  }

  /** Does the steps in their order; settles when they are durable, or fails with the system's error. */
  perform(steps: readonly DiskStep[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ steps, settle: (error) => (error ? reject(error) : resolve()) });
      this.#assign();
    });
  }

  #assign(): void {
    const worker = this.#idle.pop() ?? this.#startWorker();
    const order = worker && this.#waiting.shift();
    if (worker === undefined || order === undefined) return;
    this.#running.set(worker, order);
    // A process with nothing else to do must wait for an order that runs, and for no worker that has none.
    worker.ref();
    worker.postMessage(order.steps, contentsOf(order.steps));
  }

  #startWorker(): Worker | undefined {
    if (this.#running.size >= most) return undefined;
    const worker = new Worker(new URL("./disk-worker.js", import.meta.url), { workerData: this.#root });
    worker.on("message", (failure: DiskFailure | undefined) => this.#finish(worker, failure));
    worker.on("error", (error) => this.#lose(worker, error));
    return worker;
  }

  #finish(worker: Worker, failure: DiskFailure | undefined): void {
    const order = this.#running.get(worker);
    this.#running.delete(worker);
    worker.unref();
    this.#idle.push(worker);
    if (this.#waiting.length > 0) this.#assign();
    order?.settle(failure && new DiskError(failure));
  }

  /**
   * A thread that died, or could not be started for want of memory, takes its order with it: nobody can say how far it
   * came, so it was not done. The next order gets another thread, so the client may repeat its request.
   */
  #lose(worker: Worker, error: Error): void {
    const order = this.#running.get(worker);
    this.#running.delete(worker);
    if (this.#idle.includes(worker)) this.#idle.splice(this.#idle.indexOf(worker), 1);
    order?.settle(new StorageError("busy", `a disk thread ended: ${error.message}`, { cause: error }));
    if (this.#waiting.length > 0) this.#assign();
  }
}

/** An error of the operating system, raised in another thread. */
class DiskError extends Error {
  readonly code: string | undefined;

  constructor({ message, code }: DiskFailure) {
    super(message);
    this.code = code;
  }
}
