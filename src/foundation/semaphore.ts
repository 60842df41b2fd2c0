import type { Pace } from "./pace.js";

/** What a caller acquires. */
export interface Acquisition {
  /** 1 by default. What is heavier than the semaphore allows is admitted when nothing else is. */
  readonly weight?: number;
  /** Asked whenever something is released: urgent callers go first. */
  readonly isUrgent?: () => boolean;
  /** Ends the wait, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Gives back what was acquired; calling it twice does no harm. */
export type Release = () => void;

/** For a caller that learns only later how much it needs. */
export interface Reservation {
  /** Waits until this much may be used; returns at once if it was acquired already, such as for a retry. */
  take(weight: number): Promise<void>;
}

interface Waiting {
  readonly weight: number;
  readonly isUrgent: () => boolean;
  readonly admit: () => void;
}

const never = () => false;

/**
 * Limits how much is in use at the same time: places, or bytes of memory. Callers are admitted in the order in which
 * they came, urgent ones first.
 */
export class Semaphore {
  readonly #most: number;
  readonly #pace: Pace | undefined;
  #used = 0;
  readonly #waiting: Waiting[] = [];
  #later: NodeJS.Timeout | undefined;

  /** @param pace callers also wait for it. They count their work themselves: some know only afterwards how much it was */
  constructor(most: number, pace?: Pace) {
    this.#most = most;
    this.#pace = pace;
  }

  /** The number of callers that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** How many of them are urgent. */
  get urgent(): number {
    return this.#waiting.filter(({ isUrgent }) => isUrgent()).length;
  }

  acquire({ weight = 1, isUrgent = never, signal }: Acquisition = {}): Promise<Release> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal?.reason);
        // Its timer would keep a process alive that has nothing else to do.
        if (this.#waiting.length === 0) this.#stopTimer();
        this.#admit();
      };
      const admit = () => {
        signal?.removeEventListener("abort", giveUp);
        resolve(this.#releaseOf(weight));
      };
      const waiting = { weight, isUrgent, admit };
      this.#waiting.push(waiting);
      signal?.addEventListener("abort", giveUp);
      if (signal?.aborted === true) giveUp();
      else this.#admit();
    });
  }

  async run<Result>(action: () => Promise<Result>, acquisition?: Acquisition): Promise<Result> {
    const release = await this.acquire(acquisition);
    try {
      return await action();
    } finally {
      release();
    }
  }

  /** What the action takes is released when it ends. */
  async reserve<Result>(action: (room: Reservation) => Promise<Result>): Promise<Result> {
    let release: Release | undefined;
    const take = async (weight: number) => {
      release ??= await this.acquire({ weight });
    };
    try {
      return await action({ take });
    } finally {
      release?.();
    }
  }

  #admit(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#used += next.weight;
      next.admit();
    }
  }

  /** The one that is admitted next; those behind it wait, since something heavy would wait forever otherwise. */
  #next(): Waiting | undefined {
    if (this.#used >= this.#most) return undefined;
    const next = this.#waiting.find(({ isUrgent }) => isUrgent()) ?? this.#waiting[0];
    if (next === undefined || (this.#used > 0 && this.#used + next.weight > this.#most)) return undefined;
    const delayMs = this.#pace?.delayMs() ?? 0;
    if (delayMs > 0) this.#admitIn(delayMs);
    return delayMs > 0 ? undefined : next;
  }

  #admitIn(delayMs: number): void {
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.#admit();
    }, Math.ceil(delayMs));
  }

  #stopTimer(): void {
    clearTimeout(this.#later);
    this.#later = undefined;
  }

  #releaseOf(weight: number): Release {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#used -= weight;
      this.#admit();
    };
  }
}
