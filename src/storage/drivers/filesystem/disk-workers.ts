import { Worker } from "node:worker_threads";
import { StorageError } from "../../../oci/storage-error.js";
import { DiskError, type DiskFailure } from "./disk-failure.js";
import { contentsOf } from "./disk-steps.js";
import type { DiskBatch, DiskOrder } from "./disk-worker.js";

interface PendingOrder extends DiskOrder {
  readonly settle: (error: Error | undefined) => void;
}

/**
 * Threads that wait for the disk at the same time, started when needed. More gain little, and each costs 9 MB of
 * memory.
 */
const most = 3;

/** Starting one takes 50 ms of CPU. */
const idleMs = 10_000;

/** Almost everything that a thread allocates is garbage after its order: by default it would keep 16 MB of it. */
const resourceLimits = { maxYoungGenerationSizeMb: 2 };

/**
 * Threads that change the disk for all drivers of this process. An fsync takes milliseconds, and a durable change is
 * several of them and a dozen other calls: in these threads they block neither the event loop nor libuv's four threads,
 * which reads need, and cost one message instead of a thread switch for each call.
 */
export class DiskWorkers {
  readonly #idleMs: number;
  readonly #idle: Worker[] = [];
  #idleTimer: NodeJS.Timeout | undefined;
  readonly #waiting: PendingOrder[] = [];
  readonly #running = new Map<Worker, readonly PendingOrder[]>();

  /** @param idleMs how long threads without work are kept */
  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** Carries out the steps in order; resolves when they are durable, or rejects with the system's error. */
  perform(order: DiskOrder): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...order, settle: (error) => (error ? reject(error) : resolve()) });
      this.#assign();
    });
  }

  #assign(): void {
    const worker = this.#idle.pop() ?? this.#startWorker();
    if (worker === undefined) return;
    const { root, orders } = this.#takeShare();
    this.#running.set(worker, orders);
    // A process with nothing else to do must wait for a running order, but not for an idle worker.
    worker.ref();
    const batch: DiskBatch = { root, orders: orders.map(({ steps }) => steps) };
    worker.postMessage(batch, contentsOf(batch.orders.flat()));
  }

  /** One thread's share of the waiting orders, below one root: together they take hardly longer than one. */
  #takeShare(): { readonly root: string; readonly orders: readonly PendingOrder[] } {
    const root = this.#waiting[0]?.root ?? "";
    const elsewhere = this.#waiting.findIndex((order) => order.root !== root);
    const share = Math.ceil(this.#waiting.length / most);
    return { root, orders: this.#waiting.splice(0, elsewhere < 0 ? share : Math.min(share, elsewhere)) };
  }

  #startWorker(): Worker | undefined {
    if (this.#running.size >= most) return undefined;
    const worker = new Worker(new URL("./disk-worker.js", import.meta.url), { resourceLimits });
    worker.on("message", (failures: readonly (DiskFailure | undefined)[]) => this.#finish(worker, failures));
    worker.on("error", (error) => this.#lose(worker, error));
    return worker;
  }

  #finish(worker: Worker, failures: readonly (DiskFailure | undefined)[]): void {
    const orders = this.#running.get(worker) ?? [];
    this.#running.delete(worker);
    worker.unref();
    this.#idle.push(worker);
    if (this.#waiting.length > 0) this.#assign();
    else this.#endIdleLater();
    for (const [index, { settle }] of orders.entries()) {
      const failure = failures[index];
      settle(failure && new DiskError(failure));
    }
  }

  /** Each thread has a V8 of its own, and registries are idle most of the time. */
  #endIdleLater(): void {
    this.#idleTimer ??= setTimeout(() => {
      this.#idleTimer = undefined;
      for (const worker of this.#idle.splice(0)) void worker.terminate();
    }, this.#idleMs).unref();
    this.#idleTimer.refresh();
  }

  /**
   * A thread that died, or could not be started for lack of memory, takes its orders with it: no one knows how far it
   * got, so they count as failed. The next order gets a new thread, so clients may repeat their requests.
   */
  #lose(worker: Worker, error: Error): void {
    const orders = this.#running.get(worker) ?? [];
    this.#running.delete(worker);
    if (this.#idle.includes(worker)) this.#idle.splice(this.#idle.indexOf(worker), 1);
    const failure = new StorageError("busy", `a disk thread ended: ${error.message}`, { cause: error });
    for (const { settle } of orders) settle(failure);
    if (this.#waiting.length > 0) this.#assign();
  }
}

export const diskWorkers = new DiskWorkers(idleMs);
