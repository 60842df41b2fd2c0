import { RegistryError } from "../oci/errors.js";
import type { Exchange } from "./exchange.js";
import { movedBytes, waitsForClient } from "./stall-watch.js";

/** A sender is judged by its speed over at least this time: the first moment says nothing. */
const measuredMs = 2_000;

/** Bytes per second that secure a place. A slower sender has a line that hardly works, or is an attacker. */
const keepsPlace = 8 * 1024;

/** A client with this many times the places of another gives one up, however fast it is. */
const unfairTimes = 2;

interface Sender {
  readonly exchange: Exchange;
  readonly client: string;
  sinceMs: number;
  bytes: number;
  /** Bytes per second, as last measured. */
  rate: number;
}

/**
 * Limits the number of bodies received at the same time. If all places are taken, a new sender gets the place of the
 * slowest one that hardly moves, or one of a client that has far more of them; otherwise it is refused.
 */
export class UploadPlaces {
  #most: number;
  readonly #senders = new Set<Sender>();
  readonly #placesOf = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Number of uploads that are being received. */
  get taken(): number {
    return this.#senders.size;
  }

  /** Running uploads continue, and count. */
  limitTo(most: number): void {
    this.#most = most;
  }

  /** @throws RegistryError TOOMANYREQUESTS if all places are taken, and none can be given up */
  async run<Result>(exchange: Exchange, action: () => Promise<Result>): Promise<Result> {
    const client = exchange.caller.network;
    if (this.#senders.size >= this.#most) this.#makeRoom(client);
    const sender = { exchange, client, sinceMs: performance.now(), bytes: movedBytes(exchange), rate: Infinity };
    this.#senders.add(sender);
    this.#placesOf.set(client, this.#places(client) + 1);
    try {
      return await action();
    } finally {
      this.#leave(sender);
    }
  }

  #makeRoom(client: string): void {
    const slowest = this.#slowest(() => true);
    const gives =
      slowest !== undefined && slowest.rate < keepsPlace
        ? slowest
        : this.#slowest((sender) => this.#places(sender.client) >= unfairTimes * (this.#places(client) + 1));
    if (gives === undefined) throw tooMany(this.#most);
    this.#leave(gives);
    const { id, path, log, request } = gives.exchange;
    log.info("upload cut off: it gives its place to another", { id, path, client: gives.client });
    request.destroy(new RegistryError("TOOMANYREQUESTS", "this upload gave its place to another"));
  }

  /** The slowest of those that wait for their client, not for us. */
  #slowest(mayGive: (sender: Sender) => boolean): Sender | undefined {
    const now = performance.now();
    let slowest: Sender | undefined;
    for (const sender of this.#senders) {
      measure(sender, now);
      if (sender.rate === Infinity || !waitsForClient(sender.exchange) || !mayGive(sender)) continue;
      if (slowest === undefined || sender.rate < slowest.rate) slowest = sender;
    }
    return slowest;
  }

  #places(client: string): number {
    return this.#placesOf.get(client) ?? 0;
  }

  #leave(sender: Sender): void {
    if (!this.#senders.delete(sender)) return;
    const places = this.#places(sender.client) - 1;
    if (places > 0) this.#placesOf.set(sender.client, places);
    else this.#placesOf.delete(sender.client);
  }
}

function measure(sender: Sender, now: number): void {
  const passedMs = now - sender.sinceMs;
  if (passedMs < measuredMs) return;
  const bytes = movedBytes(sender.exchange);
  sender.rate = ((bytes - sender.bytes) * 1000) / passedMs;
  sender.sinceMs = now;
  sender.bytes = bytes;
}

function tooMany(most: number): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", `${most} uploads are running, which is the limit`, {
    headers: { "Retry-After": "5" },
  });
}
