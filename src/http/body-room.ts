import { type Release, type Reservation, Semaphore } from "../foundation/semaphore.js";
import { RegistryError } from "../oci/errors.js";
import type { Exchange } from "./exchange.js";

/** After this time, an unfinished body gives its room to a waiting one. */
const receivedWithinMs = 10_000;
const lookEachMs = 1_000;

interface Holder {
  readonly exchange: Exchange;
  readonly sinceMs: number;
}

/**
 * Limits the memory for bodies that are read completely, such as manifests. A client may send hundreds of the largest
 * size at once: they take turns, from their first bytes until they are stored, and wait unread. Small ones do not wait.
 */
export class BodyRooms {
  readonly #rooms: Semaphore;
  readonly #holders = new Set<Holder>();
  #watch: NodeJS.Timeout | undefined;

  /** @param most bytes for all together; a larger body is taken alone */
  constructor(most: number) {
    this.#rooms = new Semaphore(most);
  }

  /** The room is released when the action ends. It is taken once, for the whole body: holding a part could deadlock. */
  async run<Result>(exchange: Exchange, action: (room: Reservation) => Promise<Result>): Promise<Result> {
    let release: Release = () => {};
    const take = async (bytes: number) => {
      release = await this.#take(exchange, bytes);
    };
    try {
      return await action({ take });
    } finally {
      release();
    }
  }

  async #take(exchange: Exchange, weight: number): Promise<Release> {
    const left = new AbortController();
    exchange.whenOver(() => left.abort(new RegistryError("SIZE_INVALID", "the client left before its body was read")));
    const acquiring = this.#rooms.acquire({ weight, signal: left.signal });
    if (this.#rooms.waiting > 0) this.#watch ??= setInterval(() => this.#breakOffSlowest(), lookEachMs).unref();
    const release = await acquiring;
    const holder = { exchange, sinceMs: performance.now() };
    this.#holders.add(holder);
    return () => {
      this.#holders.delete(holder);
      release();
    };
  }

  /** Cuts off the body that has been received longest, if that is too long while others wait. */
  #breakOffSlowest(): void {
    if (this.#rooms.waiting === 0) {
      clearInterval(this.#watch);
      this.#watch = undefined;
      return;
    }
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
