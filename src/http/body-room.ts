import { RegistryError } from "../oci/errors.js";
import type { Exchange } from "./exchange.js";

/** After this time, an unfinished body gives its room to a waiting one. */
const receivedWithinMs = 10_000;
const lookEachMs = 1_000;

/** Room for one body. */
export interface BodyRoom {
  /** Waits until this many bytes may be held. Called once, for the whole body: holding a part could deadlock. */
  take(bytes: number): Promise<void>;
}

interface Holder {
  readonly exchange: Exchange;
  bytes: number;
  sinceMs: number;
}

interface Waiting {
  readonly holder: Holder;
  readonly bytes: number;
  readonly begin: () => void;
}

/**
 * Limits the memory for bodies that are read completely, such as manifests. A client may send hundreds of the largest
 * size at once: they take turns, from their first bytes until they are stored, and wait unread. Small ones do not wait.
 */
export class BodyRooms {
  readonly #most: number;
  #used = 0;
  readonly #holders = new Set<Holder>();
  readonly #waiting: Waiting[] = [];
  #watch: NodeJS.Timeout | undefined;

  /** @param most bytes for all together; a larger body is taken alone */
  constructor(most: number) {
    this.#most = most;
  }

  /** The room is released when the action ends. */
  async run<Result>(exchange: Exchange, action: (room: BodyRoom) => Promise<Result>): Promise<Result> {
    const holder: Holder = { exchange, bytes: 0, sinceMs: 0 };
    try {
      return await action({ take: (bytes) => this.#take(holder, bytes) });
    } finally {
      this.#used -= holder.bytes;
      this.#holders.delete(holder);
      this.#goOn();
    }
  }

  #take(holder: Holder, bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = { holder, bytes, begin: resolve };
      this.#waiting.push(waiting);
      holder.exchange.whenOver(() => {
        const place = this.#waiting.indexOf(waiting);
        if (place < 0) return;
        this.#waiting.splice(place, 1);
        reject(new RegistryError("SIZE_INVALID", "the client left before its body was read"));
        this.#goOn();
      });
      this.#goOn();
    });
  }

  #goOn(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#used += next.bytes;
      next.holder.bytes = next.bytes;
      next.holder.sinceMs = performance.now();
      this.#holders.add(next.holder);
      next.begin();
    }
    if (this.#waiting.length === 0) {
      clearInterval(this.#watch);
      this.#watch = undefined;
    } else this.#watch ??= setInterval(() => this.#breakOffSlowest(), lookEachMs).unref();
  }

  #hasRoom(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#most;
  }

  /** Cuts off the body that has been received longest, if that is too long while others wait. */
  #breakOffSlowest(): void {
    const before = performance.now() - receivedWithinMs;
    for (const { exchange, sinceMs } of this.#holders) {
      if (sinceMs > before || exchange.request.complete) continue;
      const { id, path, log, request } = exchange;
      log.info("request cut off: its body arrived too slowly while others waited", { id, path });
      request.destroy(new RegistryError("TOOMANYREQUESTS", "the body arrived too slowly while others waited"));
      return;
    }
  }
}
