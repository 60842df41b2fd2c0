import { performance } from "node:perf_hooks";
import type { Caller } from "../../registry/context.js";

const tickMs = 10;

/** Above this share of its time the event loop has no time left for what comes next. */
const busyShare = 0.85;

/** So many new connections begin each tick, however busy the event loop is. */
const leastATick = 1;

/** After so long without a new connection nothing is measured. */
const restingAfterTicks = 100;

/** A connection whose first request has come. */
interface Newcomer {
  readonly caller: Caller;
  letIn(): void;
}

/**
 * Lets the first request of a new connection wait while the event loop has no time left. Connections that are open go on
 * as before: whoever opens one after another, as floods do, slows down other newcomers, and no client that is served. Of
 * those that wait each client lets in one in turn.
 */
export class Newcomers {
  readonly #busyShare: () => number;
  /** By the network that counts as one client, the one whose turn it is first. */
  readonly #waiting = new Map<string, Set<Newcomer>>();
  #timer: NodeJS.Timeout | undefined;
  #perTick = Number.POSITIVE_INFINITY;
  #arrivedInTick = 0;
  #restingTicks = 0;

  /** @param busySinceLastTime tells how much of its time the event loop was busy since it was last asked: 0 to 1 */
  constructor(busySinceLastTime: () => number = measuredShare()) {
    this.#busyShare = busySinceLastTime;
  }

  /** Whether more of them come than the event loop has time for. */
  get areMany(): boolean {
    return this.#perTick !== Number.POSITIVE_INFINITY;
  }

  /** Lets the connection in, now or when it is its turn. */
  arrived(connection: Newcomer): void {
    this.#restingTicks = 0;
    if (this.#timer === undefined) {
      this.#busyShare();
      this.#timer = setInterval(() => this.tick(), tickMs).unref();
    }
    this.#arrivedInTick++;
    if (this.#waiting.size > 0 || this.#arrivedInTick > this.#perTick) this.#wait(connection);
    else connection.letIn();
  }

  left(connection: Newcomer): void {
    const { network } = connection.caller;
    const others = this.#waiting.get(network);
    if (others?.delete(connection) && others.size === 0) this.#waiting.delete(network);
  }

  /** Judges the load, and lets in as many as it allows. */
  tick(): void {
    const isBusy = this.#busyShare() > busyShare;
    if (isBusy) this.#perTick = Math.max(leastATick, Math.floor(Math.min(this.#perTick, this.#arrivedInTick) / 2));
    else this.#perTick = this.#waiting.size === 0 ? Number.POSITIVE_INFINITY : this.#perTick * 2;
    this.#arrivedInTick = 0;
    for (let left = this.#perTick; left > 0 && this.#waiting.size > 0; left--) this.#letInNext();
    if (++this.#restingTicks >= restingAfterTicks && this.#waiting.size === 0) this.#rest();
  }

  #wait(connection: Newcomer): void {
    const { network } = connection.caller;
    const others = this.#waiting.get(network);
    if (others === undefined) this.#waiting.set(network, new Set([connection]));
    else others.add(connection);
  }

  #letInNext(): void {
    for (const [network, connections] of this.#waiting) {
      for (const connection of connections) {
        connections.delete(connection);
        this.#waiting.delete(network);
        if (connections.size > 0) this.#waiting.set(network, connections);
        this.#arrivedInTick++;
        connection.letIn();
        return;
      }
    }
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
