/** How fast heavy work may be done. */
export interface PaceSettings {
  /** Of whatever is counted, such as bytes. */
  readonly perSecond: number;
  /** After a pause, this much is done without waiting. */
  readonly atOnce: number;
}

/**
 * Spreads heavy work over time. Work that is limited only in number at a time takes all the processor that it can get,
 * however large the machine is: others then wait for it on each of their steps.
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
