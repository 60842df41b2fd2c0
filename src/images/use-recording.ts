import type { Logger } from "../observability/logger.js";
import type { Storage } from "../storage/storage.js";

const writeEachMs = 5_000;

/** The pause after a failed write. It is retried: losing a time costs little, but the failure reveals a full disk. */
const failedPauseMs = 60_000;

/** Writes from time to time, and at the end, when this process last served images. */
export class UseRecording {
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  #notBeforeMs = 0;

  constructor(storage: Storage, log: Logger) {
    this.#storage = storage;
    this.#log = log;
    this.#timer = setInterval(() => this.#tick(), writeEachMs).unref();
  }

  /** Writes everything that is not written yet, and resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
    await this.#attempt(() => this.#storage.uses.writeAll());
  }

  #tick(): void {
    if (this.#running !== undefined || performance.now() < this.#notBeforeMs) return;
    this.#running = this.#attempt(() => this.#storage.uses.writeDue()).finally(() => {
      this.#running = undefined;
    });
  }

  async #attempt(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (cause) {
      this.#notBeforeMs = performance.now() + failedPauseMs;
      this.#log.warn("the last uses of images could not be stored", { cause });
    }
  }
}
