import { RegistryError } from "../oci/errors.js";
import type { Exchange } from "./exchange.js";
import { movedBytes, waitsForClient } from "./stall-watch.js";

/** A sender is judged by its speed over at least this time: the first moment says nothing. */
const measuredMs = 2_000;

/**
 * If another one has already sent bytes, a new sender is judged after this time. Otherwise, senders that are replaced
 * before they are judged could hold all places for ever.
 */
const firstMomentMs = 300;

/** Bytes per second that secure a place. A slower sender has a line that hardly works, or is an attacker. */
const keepsPlace = 8 * 1024;

/** A client with this many times the places of another gives one up, however fast it is. */
const unfairTimes = 2;

interface Sender {
  readonly exchange: Exchange;
  readonly client: string;
  sinceMs: number;
  bytes: number;
  /** Bytes per second, as last measured; `undefined` in the first moments. */
  rate: number | undefined;
}

interface Judged {
  readonly sender: Sender;
  readonly rate: number;
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

  /**
   * @param action may leave the place before it ends, if it waits for something other than its sender
   * @throws RegistryError TOOMANYREQUESTS if all places are taken, and none can be given up
   */
  async run<Result>(exchange: Exchange, action: (leave: () => void) => Promise<Result>): Promise<Result> {
    const client = exchange.caller.network;
    const { readableLength } = exchange.request;
    if (this.#senders.size >= this.#most) this.#makeRoom(client, readableLength > 0 ? firstMomentMs : measuredMs);
    // What was read together with the headers counts as well.
    const bytes = movedBytes(exchange) - readableLength;
    const sender: Sender = { exchange, client, sinceMs: performance.now(), bytes, rate: undefined };
    this.#senders.add(sender);
    this.#placesOf.set(client, this.#places(client) + 1);
    try {
      return await action(() => this.#leave(sender));
    } finally {
      this.#leave(sender);
    }
  }

  #makeRoom(client: string, judgedAfterMs: number): void {
    const slowest = this.#slowest(judgedAfterMs, () => true);
    const gives =
      slowest !== undefined && slowest.rate < keepsPlace
        ? slowest.sender
        : this.#slowest(measuredMs, (sender) => this.#places(sender.client) >= unfairTimes * (this.#places(client) + 1))
            ?.sender;
    if (gives === undefined) throw tooMany(this.#most);
    this.#leave(gives);
    const { id, path, log, request } = gives.exchange;
    log.info("upload cut off: another one needs its place", { id, path, client: gives.client });
    request.destroy(new RegistryError("TOOMANYREQUESTS", "this upload gave its place to another"));
  }

  /** The slowest of those that wait for their client, not for us. */
  #slowest(judgedAfterMs: number, mayGive: (sender: Sender) => boolean): Judged | undefined {
    const now = performance.now();
    let slowest: Judged | undefined;
    for (const sender of this.#senders) {
      const rate = rateOf(sender, now, judgedAfterMs);
      if (rate === undefined || !waitsForClient(sender.exchange) || !mayGive(sender)) continue;
      if (slowest === undefined || rate < slowest.rate) slowest = { sender, rate };
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

/** @returns bytes per second; `undefined` if it cannot be judged yet */
function rateOf(sender: Sender, now: number, judgedAfterMs: number): number | undefined {
  const passedMs = now - sender.sinceMs;
  if (passedMs < (sender.rate === undefined ? judgedAfterMs : measuredMs)) return sender.rate;
  const bytes = movedBytes(sender.exchange);
  const rate = ((bytes - sender.bytes) * 1000) / passedMs;
  if (passedMs < measuredMs) return rate;
  sender.rate = rate;
  sender.sinceMs = now;
  sender.bytes = bytes;
  return rate;
}

function tooMany(most: number): RegistryError {
  return new RegistryError("TOOMANYREQUESTS", `${most} uploads are running, which is the limit`, {
    headers: { "Retry-After": "5" },
  });
}
