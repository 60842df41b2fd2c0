import type { UpstreamError } from "../upstream-error.js";
import type { Clock } from "./deadline.js";

/** Remembers for a while that an endpoint was unreachable, so that not every request waits for the timeout. */
export class Outage {
  readonly #clock: Clock;
  readonly #memoryMs: number;
  #error: UpstreamError | undefined;
  #until = 0;

  constructor(clock: Clock, memoryMs: number) {
    this.#clock = clock;
    this.#memoryMs = memoryMs;
  }

  /** After a failure: only one without any response is an outage. */
  consider(error: UpstreamError): void {
    if (error.kind !== "unavailable" || error.status !== undefined) return;
    this.#error = error;
    this.#until = this.#clock.monotonic() + this.#memoryMs;
  }

  ended(): void {
    this.#error = undefined;
  }

  /** Why the endpoint was unreachable, as long as that is remembered. */
  recent(): UpstreamError | undefined {
    return this.#clock.monotonic() < this.#until ? this.#error : undefined;
  }
}
