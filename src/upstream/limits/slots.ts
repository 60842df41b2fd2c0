import type { Patience } from "./patience.js";

/** What is asked for: questions do not wait behind downloads. */
export type Lane = "manifest" | "list" | "blob";

/** So many at once; the others wait their turn. */
export class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for a slot and returns how to give it back; giving it back twice does no harm. */
  async take(patience: Patience): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(patience);
    let isHeld = true;
    return () => {
      if (isHeld) this.#giveBack();
      isHeld = false;
    };
  }

  async #turn(patience: Patience): Promise<void> {
    let admit = () => {};
    const turn = new Promise<void>((resolve) => {
      admit = resolve;
    });
    this.#waiting.push(admit);
    try {
      await patience.wait(turn);
    } catch (error) {
      const place = this.#waiting.indexOf(admit);
      // The slot may have been handed over in the very moment of giving up.
      if (place < 0) this.#giveBack();
      else this.#waiting.splice(place, 1);
      throw error;
    }
  }

  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
