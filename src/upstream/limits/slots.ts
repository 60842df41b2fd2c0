import type { Interest } from "./interest.js";

/** What is asked for. Each has slots of its own, so that nothing quick waits behind a long download. */
export type Lane = "manifest" | "list" | "proof" | "small" | "download";

/** A place among those that may ask at once. */
export interface Slot {
  /** To be called when it is needed no more; twice does no harm. */
  giveBack(): void;
  /**
   * Calls back when somebody who is waited for needs the slot of one that nobody waits for. It must then be given back
   * soon; without a listener it is not asked for.
   */
  onRecall(listener: () => void): void;
}

interface Waiting {
  readonly interest: Interest;
  readonly admit: (slot: HeldSlot) => void;
}

/** So many at once; the others wait their turn. What somebody waits for goes before what nobody waits for. */
export class Slots {
  readonly #waiting: Waiting[] = [];
  readonly #held = new Set<HeldSlot>();
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  /** Waits for a slot, for as long as the signal lets it. */
  take(interest: Interest, signal: AbortSignal): Promise<Slot> {
    if (this.#held.size < this.#count) return Promise.resolve(this.#hand(interest));
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        interest,
        admit: (slot) => {
          end();
          resolve(slot);
        },
      };
      const giveUp = () => {
        end();
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      const stopListening = interest.onChange(() => this.#recallIdle());
      const end = () => {
        stopListening();
        signal.removeEventListener("abort", giveUp);
      };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", giveUp);
      if (signal.aborted) giveUp();
      else this.#recallIdle();
    });
  }

  #hand(interest: Interest): HeldSlot {
    const slot = new HeldSlot(interest, {
      changed: () => this.#recallIdle(),
      givenBack: () => {
        this.#held.delete(slot);
        this.#admitNext();
      },
    });
    this.#held.add(slot);
    return slot;
  }

  #admitNext(): void {
    const next = this.#waiting.find(({ interest }) => interest.isWatched) ?? this.#waiting[0];
    if (next === undefined) return;
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    next.admit(this.#hand(next.interest));
  }

  /** The youngest goes first: it has the least to lose. */
  #recallIdle(): void {
    const held = [...this.#held];
    const onTheirWay = held.filter((slot) => slot.isRecalled).length;
    const missing = this.#waiting.filter(({ interest }) => interest.isWatched).length - onTheirWay;
    const idle = held.filter((slot) => slot.mayBeRecalled).reverse();
    for (const slot of idle.slice(0, Math.max(0, missing))) slot.recall();
  }
}

class HeldSlot implements Slot {
  readonly #interest: Interest;
  readonly #givenBack: () => void;
  readonly #changed: () => void;
  readonly #stopListening: () => void;
  #onRecall: (() => void) | undefined;
  #isHeld = true;
  isRecalled = false;

  constructor(interest: Interest, told: { readonly changed: () => void; readonly givenBack: () => void }) {
    this.#interest = interest;
    this.#changed = told.changed;
    this.#givenBack = told.givenBack;
    this.#stopListening = interest.onChange(told.changed);
  }

  get mayBeRecalled(): boolean {
    return this.#onRecall !== undefined && !this.isRecalled && !this.#interest.isWatched;
  }

  giveBack(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#stopListening();
    this.#givenBack();
  }

  onRecall(listener: () => void): void {
    this.#onRecall = listener;
    this.#changed();
  }

  recall(): void {
    this.isRecalled = true;
    this.#onRecall?.();
  }
}
