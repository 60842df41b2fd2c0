import { type DailyWindow, isInWindow } from "./daily-window.js";

/** What Berth does from time to time while it serves. */
export interface ScheduledTask {
  /** Of its work, in words. */
  readonly name: string;
  /**
   * When it is due, in milliseconds since 1970. What decides is in the storage, so restarts and several processes
   * change nothing.
   */
  dueMs(every: number): Promise<number>;
  /** Does it; what the signal interrupts has done only whole steps. */
  perform(every: number, signal: AbortSignal): Promise<void>;
  /** Told why it failed, unless it was stopped. */
  failed(every: number, cause: unknown): void;
}

export interface ScheduleTimes {
  /** Milliseconds from one time to the next; `undefined`: never. */
  readonly every: number | undefined;
  /** When it may begin. */
  readonly window?: DailyWindow | undefined;
}

const mostMsToLook = 60_000;
/** What a registry has never done waits at most this long after a start. */
const firstAfterMs = 60 * 60_000;

/** Looks from time to time whether a task is due, and does it, one at a time. */
export class Schedule {
  readonly #task: ScheduledTask;
  readonly #window: DailyWindow | undefined;
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  /** It begins at once. */
  constructor(task: ScheduledTask, { every, window }: ScheduleTimes) {
    this.#task = task;
    this.#window = window;
    if (every !== undefined)
      this.#timer = setInterval(() => this.#look(every), Math.min(every / 2, mostMsToLook)).unref();
  }

  /** Resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stop.abort(new Error(`${this.#task.name} was stopped`));
    await this.#running;
  }

  #look(every: number): void {
    this.#running ??= this.#performIfDue(every).finally(() => {
      this.#running = undefined;
    });
  }

  async #performIfDue(every: number): Promise<void> {
    try {
      if (!isInWindow(this.#window) || Date.now() < (await this.#task.dueMs(every))) return;
      await this.#task.perform(every, this.#stop.signal);
    } catch (cause) {
      if (!this.#stop.signal.aborted) this.#task.failed(every, cause);
    }
  }
}

/**
 * When something is due again.
 * @param lastMs when it was last done, by any process; `undefined`: never
 * @param startedMs when this process began to wait for the first time
 */
export function dueAgain(every: number, lastMs: number | undefined, startedMs: number): number {
  return lastMs === undefined ? startedMs + Math.min(every, firstAfterMs) : lastMs + every;
}
