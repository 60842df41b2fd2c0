import { Worker } from "node:worker_threads";
import { Semaphore } from "./semaphore.js";

/** After this time without work the thread ends and frees its memory. */
const idleMs = 10_000;

/** A hostile document takes many times its size; one that takes more than this ends the thread, and nothing else. */
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 };

/** A job for a thread, with the memory that is handed over with it. */
export interface Job<Content> {
  readonly content: Content;
  readonly memory: readonly ArrayBuffer[];
}

/**
 * A thread for work that would block the event loop. It is started when it is needed, and does one job at a time: the
 * others wait in memory, so the caller must limit how many there are.
 */
export class BackgroundThread<Content, Result> {
  readonly #program: URL;
  readonly #turns = new Semaphore(1);
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** @param program a module that calls `doJobs` */
  constructor(program: URL) {
    this.#program = program;
  }

  /** @param signal ends the wait for a turn; a job that has begun is finished */
  async run(job: Job<Content>, signal?: AbortSignal): Promise<Result> {
    const release = await this.#turns.acquire({ ...(signal && { signal }) });
    clearTimeout(this.#idle);
    try {
      return await this.#ask(job);
    } finally {
      release();
      if (this.#turns.waiting === 0) this.#idle = setTimeout(() => this.#end(), idleMs).unref();
    }
  }

  #ask({ content, memory }: Job<Content>): Promise<Result> {
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void) => {
        worker.off("message", onMessage).off("error", onError);
        worker.unref();
        outcome();
      };
      const onMessage = (result: Result) => settle(() => resolve(result));
      const onError = (error: Error) => {
        this.#worker = undefined;
        settle(() => reject(error));
      };
      // A process with nothing else to do must wait for a running job, but not for an idle thread.
      worker.ref();
      worker.on("message", onMessage).on("error", onError);
      worker.postMessage(content, memory);
    });
  }

  #start(): Worker {
    this.#worker ??= new Worker(this.#program, { resourceLimits });
    return this.#worker;
  }

  #end(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }
}
