import { Worker } from "node:worker_threads";
import { StorageError } from "../../../oci/storage-error.js";
import { contentsOf } from "./disk-steps.js";
import type { DiskFailure, DiskOrder } from "./disk-worker.js";

interface PendingOrder extends DiskOrder {
  readonly settle: (error: Error | undefined) => void;
}

/**
 * Threads that wait for the disk at the same time, started when needed. More gain little, and each costs 9 MB of
 * memory.
 */
const most = 3;

/**
 * Threads that change the disk for all drivers of this process. An fsync takes milliseconds, and a durable change is
 * several of them and a dozen other calls: in these threads they block neither the event loop nor libuv's four threads,
 * which reads need, and cost one message instead of a thread switch for each call.
 */
class DiskWorkers {
  readonly #idle: Worker[] = [];
  readonly #waiting: PendingOrder[] = [];
  readonly #running = new Map<Worker, PendingOrder>();

  /** Carries out the steps in order; resolves when they are durable, or rejects with the system's error. */
  perform(order: DiskOrder): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...order, settle: (error) => (error ? reject(error) : resolve()) });
      this.#assign();
    });
  }

  #assign(): void {
    const worker = this.#idle.pop() ?? this.#startWorker();
    const order = worker && this.#waiting.shift();
    if (worker === undefined || order === undefined) return;
    this.#running.set(worker, order);
    // A process with nothing else to do must wait for a running order, but not for an idle worker.
    worker.ref();
    const { root, steps } = order;
    worker.postMessage({ root, steps } satisfies DiskOrder, contentsOf(steps));
  }

  #startWorker(): Worker | undefined {
    if (this.#running.size >= most) return undefined;
    const worker = new Worker(new URL("./disk-worker.js", import.meta.url));
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
   * A thread that died, or could not be started for lack of memory, takes its order with it: no one knows how far it
   * got, so it counts as failed. The next order gets a new thread, so the client may repeat its request.
   */
  #lose(worker: Worker, error: Error): void {
    const order = this.#running.get(worker);
    this.#running.delete(worker);
    if (this.#idle.includes(worker)) this.#idle.splice(this.#idle.indexOf(worker), 1);
    order?.settle(new StorageError("busy", `a disk thread ended: ${error.message}`, { cause: error }));
    if (this.#waiting.length > 0) this.#assign();
  }
}

export const diskWorkers = new DiskWorkers();

/** An error of the operating system from another thread. */
class DiskError extends Error {
  readonly code: string | undefined;

  constructor({ message, code }: DiskFailure) {
    super(message);
    this.code = code;
  }
}
