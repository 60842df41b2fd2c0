import type { Exchange } from "./exchange.js";

export interface StallSettings {
  /** Milliseconds over which is measured. */
  readonly window: number;
  /** Bytes that must move in a window; 0 never breaks off. */
  readonly minimum: number;
}

interface Watched {
  sinceMs: number;
  bytes: number;
}

const checksPerWindow = 4;

/** Breaks off transfers that a client lets stand still, and leaves those alone that only wait for us. */
export class StallWatch {
  readonly #settings: StallSettings;
  readonly #watched = new Map<Exchange, Watched>();
  readonly #timer: NodeJS.Timeout | undefined;
  #isRetired = false;

  constructor(settings: StallSettings) {
    this.#settings = settings;
    if (settings.minimum === 0) return;
    this.#timer = setInterval(() => this.#check(), settings.window / checksPerWindow).unref();
  }

  watch(exchange: Exchange): void {
    if (this.#timer === undefined) return;
    this.#watched.set(exchange, { sinceMs: exchange.startedAt, bytes: movedBytes(exchange) });
    exchange.whenOver(() => this.#forgetWhenRead(exchange));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Watches what it watches to its end, and nothing new. */
  retire(): void {
    this.#isRetired = true;
  }

  /** An answer may come before the end of the body, which must not stand still forever then either. */
  #forgetWhenRead(exchange: Exchange): void {
    if (exchange.request.complete || exchange.request.destroyed) this.#watched.delete(exchange);
    else exchange.request.once("close", () => this.#watched.delete(exchange));
  }

  #check(): void {
    if (this.#isRetired && this.#watched.size === 0) this.stop();
    const now = performance.now();
    for (const [exchange, watched] of this.#watched) {
      const bytes = movedBytes(exchange);
      if (!waitsForClient(exchange) || bytes - watched.bytes >= this.#settings.minimum) {
        watched.sinceMs = now;
        watched.bytes = bytes;
      } else if (now - watched.sinceMs >= this.#settings.window) {
        exchange.log.info("transfer cut off: the client stalled", {
          id: exchange.id,
          path: exchange.path,
        });
        exchange.request.socket.destroy();
      }
    }
  }
}

export function movedBytes({ request }: Exchange): number {
  return request.socket.bytesRead + request.socket.bytesWritten;
}

/** We wait for the rest of a body of which nothing lies here unread, or for a client to take what we wrote. */
export function waitsForClient({ request, response }: Exchange): boolean {
  return (!request.complete && request.readableLength === 0) || response.writableLength > 0;
}
