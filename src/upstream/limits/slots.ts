import type { Interest } from "./interest.js";

/** Kinds of requests. Each has its own slots, so that nothing quick waits behind a long download. */
export type Lane = "manifest" | "list" | "proof" | "small" | "download";

/** A slot for one concurrent request. */
export interface Slot {
  /** Call it when the slot is no longer needed; calling it twice does no harm. */
  giveBack(): void;
  /**
   * Calls back when a request that a client waits for needs the slot of one that no client waits for. The slot must
   * then be given back soon; without a listener it is never recalled.
   */
  onRecall(listener: () => void): void;
}

interface Waiting {
  readonly interest: Interest;
  readonly admit: (slot: HeldSlot) => void;
}

/** A limited number of slots; others wait their turn. Requests that a client waits for go first. */
export class Slots {
  readonly #waiting: Waiting[] = [];
  readonly #held = new Set<HeldSlot>();
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  /** Waits for a slot, until the signal aborts. */
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

  /** The youngest is recalled first: it has the least to lose. */
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
