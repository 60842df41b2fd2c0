/** Room in memory for one response that is read completely. */
export interface MemoryReservation {
  /** Waits until this many bytes may be held; returns at once if they are already, such as for a retry. */
  take(bytes: number): Promise<void>;
}

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/**
 * Limits the memory for an upstream's large responses, from their first bytes until they are stored: an upstream may
 * send a hundred of the largest size at once. They wait for each other, but never for those of other upstreams.
 */
export class MemoryBudget {
  readonly #most: number;
  #used = 0;
  readonly #waiting: Waiting[] = [];

  /** @param most bytes for all together; a larger response is taken alone */
  constructor(most: number) {
    this.#most = most;
  }

  /** The room is released when the action ends. */
  async run<Result>(action: (room: MemoryReservation) => Promise<Result>): Promise<Result> {
    let held = 0;
    const take = async (bytes: number) => {
      if (held > 0) return;
      await new Promise<void>((resolve) => {
        this.#waiting.push({ bytes, begin: resolve });
        this.#goOn();
      });
      held = bytes;
    };
    try {
      return await action({ take });
    } finally {
      this.#used -= held;
      this.#goOn();
    }
  }

  #goOn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#used += next.bytes;
      next.begin();
    }
  }

  #hasRoom(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#most;
  }
}
