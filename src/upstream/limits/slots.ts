import type { Demand } from "./demand.js";

/** Kinds of requests. Each has its own slots, so that nothing quick waits behind a long download. */
export type RequestClass = "manifest" | "list" | "proof" | "small" | "download";

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
  readonly demand: Demand;
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
  take(demand: Demand, signal: AbortSignal): Promise<Slot> {
    if (this.#held.size < this.#count) return Promise.resolve(this.#hand(demand));
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        demand,
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
      const stopListening = demand.onChange(() => this.#recallIdle());
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

  #hand(demand: Demand): HeldSlot {
    const slot = new HeldSlot(demand, {
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
    const next = this.#waiting.find(({ demand }) => demand.isWatched) ?? this.#waiting[0];
    if (next === undefined) return;
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    next.admit(this.#hand(next.demand));
  }

  /** The youngest is recalled first: it has the least to lose. */
  #recallIdle(): void {
    const held = [...this.#held];
    const onTheirWay = held.filter((slot) => slot.isRecalled).length;
    const missing = this.#waiting.filter(({ demand }) => demand.isWatched).length - onTheirWay;
    const idle = held.filter((slot) => slot.mayBeRecalled).reverse();
    for (const slot of idle.slice(0, Math.max(0, missing))) slot.recall();
  }
}

class HeldSlot implements Slot {
  readonly #demand: Demand;
  readonly #givenBack: () => void;
  readonly #changed: () => void;
  readonly #stopListening: () => void;
  #onRecall: (() => void) | undefined;
  #isHeld = true;
  isRecalled = false;

  constructor(demand: Demand, callbacks: { readonly changed: () => void; readonly givenBack: () => void }) {
    this.#demand = demand;
    this.#changed = callbacks.changed;
    this.#givenBack = callbacks.givenBack;
    this.#stopListening = demand.onChange(callbacks.changed);
  }

  get mayBeRecalled(): boolean {
    return this.#onRecall !== undefined && !this.isRecalled && !this.#demand.isWatched;
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
