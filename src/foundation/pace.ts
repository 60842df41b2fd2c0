/** How fast heavy work may be done. */
export interface PaceSettings {
  /** In units of what is counted, such as bytes. */
  readonly perSecond: number;
  /** After a pause, this much is done without waiting. */
  readonly atOnce: number;
}

/**
 * Spreads heavy work over time. A limit on concurrent work alone still lets it take the whole processor, and every other
 * request then waits for it at each of its steps.
 */
export class Pace {
  readonly #settings: PaceSettings;
  /** When all work that was counted would be done at this pace. */
  #doneAtMs = 0;

  constructor(settings: PaceSettings) {
    this.#settings = settings;
  }

  /** How long the next piece of work has to wait. */
  delayMs(): number {
    const { perSecond, atOnce } = this.#settings;
    return Math.max(0, this.#doneAtMs - performance.now() - (atOnce * 1_000) / perSecond);
  }

  /** Counts work that begins now, or that turned out to be this much. */
  count(amount: number): void {
    this.#doneAtMs = Math.max(performance.now(), this.#doneAtMs) + (amount * 1_000) / this.#settings.perSecond;
  }
}
