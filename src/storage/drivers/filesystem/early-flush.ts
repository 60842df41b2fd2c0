import { fdatasync, ftruncate } from "node:fs";
import { promisify } from "node:util";

/** How much may be unwritten in the system's memory before the disk starts to write. */
const flushEachBytes = 8 * 1024 * 1024;

/** libuv has four threads, and reads need some of them. */
const flushesAtOnce = 2;

/** Threads for early flushes, shared by all files. */
export class FlushSlots {
  #free = flushesAtOnce;

  /** @returns whether one was free */
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
 * Lets the disk write a large file while the rest of it arrives, so that the final sync has little left to wait for. If
 * it fails, the system reports that only to this call, and not to the final sync: then the file is emptied.
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
   * The file must not be closed before this settles.
   * @throws the error of a failed flush
   */
  async settled(): Promise<void> {
    await this.#flushing;
    if (this.#failure === undefined) return;
    await promisify(ftruncate)(this.#file);
    throw this.#failure;
  }
}
