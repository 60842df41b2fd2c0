import { type Release, Semaphore } from "../../foundation/semaphore.js";
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

/** A limited number of slots; others wait their turn. Requests that a client waits for go first. */
export class Slots {
  readonly #places: Semaphore;
  readonly #held = new Set<HeldSlot>();

  constructor(count: number) {
    this.#places = new Semaphore(count);
  }

  /** Waits for a slot, until the signal aborts. */
  async take(demand: Demand, signal: AbortSignal): Promise<Slot> {
    const acquiring = this.#places.acquire({ isUrgent: () => demand.isWatched, signal });
    const stopListening = demand.onChange(() => this.#recallIdle());
    this.#recallIdle();
    try {
      return this.#hold(demand, await acquiring);
    } finally {
      stopListening();
    }
  }

  #hold(demand: Demand, release: Release): HeldSlot {
    const slot = new HeldSlot(demand, {
      changed: () => this.#recallIdle(),
      givenBack: () => {
        this.#held.delete(slot);
        release();
      },
    });
    this.#held.add(slot);
    return slot;
  }

  /** The youngest is recalled first: it has the least to lose. */
  #recallIdle(): void {
    const { urgent } = this.#places;
    if (urgent === 0) return;
    const held = [...this.#held];
    const missing = urgent - held.filter((slot) => slot.isRecalled).length;
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
