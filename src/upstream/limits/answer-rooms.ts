/** Room in memory for one answer that is read whole. */
export interface AnswerRoom {
  /** Waits until so many bytes may be held; at once if they are held already, as by a question that is put again. */
  take(bytes: number): Promise<void>;
}

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

/**
 * Bounds the memory of large answers of an upstream, from their first bytes until what came is kept: an upstream may send a
 * hundred of the largest size at once. They wait for each other, and those of other upstreams for none of them.
 */
export class AnswerRooms {
  readonly #most: number;
  #used = 0;
  readonly #waiting: Waiting[] = [];

  /** @param most bytes of all together; one larger answer is taken alone */
  constructor(most: number) {
    this.#most = most;
  }

  /** The room is given back when the action ends. */
  async run<Result>(action: (room: AnswerRoom) => Promise<Result>): Promise<Result> {
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
