/**
 * Lets many wait until something has begun, and until a number has passed the value they have, or will not grow
 * further.
 */
export class Progress {
  readonly #waiting = new Set<() => void>();
  #value = 0;
  #hasBegun = false;
  #end: { failure: Error | undefined } | undefined;

  get value(): number {
    return this.#value;
  }

  /** The failure that it ended with, if any. */
  get failure(): Error | undefined {
    return this.#end?.failure;
  }

  /** Whether nothing more will come. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  begin(): void {
    this.#hasBegun = true;
    this.#wakeAll();
  }

  advance(value: number): void {
    if (value <= this.#value) return;
    this.#value = value;
    this.#wakeAll();
  }

  end(failure?: Error): void {
    this.#end ??= { failure };
    this.#wakeAll();
  }

  /** @throws the failure it ended with, or the signal's reason */
  async beyond(value: number, signal: AbortSignal): Promise<void> {
    await this.#until(() => this.#value > value, signal);
  }

  /** @throws the failure it ended with, or the signal's reason */
  async begun(signal: AbortSignal): Promise<void> {
    await this.#until(() => this.#hasBegun, signal);
  }

  async #until(isSo: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isSo()) {
      signal.throwIfAborted();
      if (this.#end?.failure !== undefined) throw this.#end.failure;
      if (this.#end !== undefined) return;
      await this.#change(signal);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
