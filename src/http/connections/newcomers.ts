import { performance } from "node:perf_hooks";
import type { Caller } from "../../registry/context.js";
import { FairLine } from "./fair-line.js";

const tickMs = 10;

/** Above this load the event loop has no time left for new connections. */
const busyShare = 0.85;

/** At least this many new connections start each tick, however busy the event loop is. */
const leastATick = 1;

/** After this many ticks without a new connection, measuring stops. */
const restingAfterTicks = 100;

/** A connection that has sent its first request. */
interface Newcomer {
  readonly caller: Caller;
  letIn(): void;
}

/**
 * Delays the first request of a new connection while the event loop is overloaded. Open connections continue as before:
 * a client that opens one after another, as in a flood, slows down other new connections, but no client that is already
 * being served. Waiting clients take turns, one connection each.
 */
export class Newcomers {
  readonly #busyShare: () => number;
  readonly #waiting = new FairLine<Newcomer>();
  #timer: NodeJS.Timeout | undefined;
  #perTick = Number.POSITIVE_INFINITY;
  #arrivedInTick = 0;
  #restingTicks = 0;

  /** @param busySinceLastTime share of time that the event loop was busy since the previous call: 0 to 1 */
  constructor(busySinceLastTime: () => number = measuredShare()) {
    this.#busyShare = busySinceLastTime;
  }

  /** Whether more are coming than the event loop can handle. */
  get areMany(): boolean {
    return this.#perTick !== Number.POSITIVE_INFINITY;
  }

  /** Lets the connection in, now or in its turn. */
  arrived(connection: Newcomer): void {
    this.#restingTicks = 0;
    if (this.#timer === undefined) {
      this.#busyShare();
      this.#timer = setInterval(() => this.tick(), tickMs).unref();
    }
    this.#arrivedInTick++;
    if (!this.#waiting.isEmpty || this.#arrivedInTick > this.#perTick) this.#waiting.add(connection);
    else connection.letIn();
  }

  left(connection: Newcomer): void {
    this.#waiting.remove(connection);
  }

  /** Measures the load, and lets in as many as it allows. */
  tick(): void {
    const isBusy = this.#busyShare() > busyShare;
    if (isBusy) this.#perTick = Math.max(leastATick, Math.floor(Math.min(this.#perTick, this.#arrivedInTick) / 2));
    else this.#perTick = this.#waiting.isEmpty ? Number.POSITIVE_INFINITY : this.#perTick * 2;
    this.#arrivedInTick = 0;
    for (let left = this.#perTick; left > 0 && !this.#waiting.isEmpty; left--) this.#letInNext();
    if (++this.#restingTicks >= restingAfterTicks && this.#waiting.isEmpty) this.#rest();
  }

  #letInNext(): void {
    this.#arrivedInTick++;
    this.#waiting.next()?.letIn();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function measuredShare(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
