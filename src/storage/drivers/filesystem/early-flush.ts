import { fdatasync, ftruncate } from "node:fs";
import { promisify } from "node:util";

/** What may lie unwritten in the system's memory before the disk is asked to begin. */
const flushEachBytes = 8 * 1024 * 1024;

/** libuv has four threads, and reads need some of them. */
const flushesAtOnce = 2;

/** Threads that early flushes of all files share. */
export class FlushSlots {
  #free = flushesAtOnce;

  /** @returns whether there was a free one */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  give(): void {
    this.#free++;
  }
}

/**
 * Lets the disk write a large file while the rest of it arrives, so that the sync at its end has little left to wait
 * for. Where it fails, the system tells only whoever asked, and not the sync at the end: then the file is emptied.
 */
export class EarlyFlush {
  readonly #file: number;
  readonly #slots: FlushSlots;
  #flushed: number;
  #flushing: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(file: number, position: number, slots: FlushSlots) {
    this.#file = file;
    this.#flushed = position;
    this.#slots = slots;
  }

  noteWritten(end: number): void {
    if (end - this.#flushed < flushEachBytes || this.#flushing !== undefined || !this.#slots.take()) return;
    this.#flushed = end;
    this.#flushing = new Promise((resolve) => {
      fdatasync(this.#file, (error) => {
        this.#failure ??= error ?? undefined;
        this.#slots.give();
        this.#flushing = undefined;
        resolve();
      });
    });
  }

  /**
   * The file must not be closed before.
   * @throws the error of a flush that failed
   */
  async settled(): Promise<void> {
    await this.#flushing;
    if (this.#failure === undefined) return;
    await promisify(ftruncate)(this.#file);
    throw this.#failure;
  }
}
