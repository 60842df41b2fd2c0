import type { Exchange } from "./exchange.js";

export interface StallSettings {
  /** The window of measurement, in milliseconds. */
  readonly window: number;
  /** Bytes that must move within a window; 0 never cuts off. */
  readonly minimum: number;
}

/** The progress of a transfer. Most exchanges end before the first check and never need it. */
interface Progress {
  /** Since when fewer bytes than the minimum have moved, in milliseconds. */
  sinceMs: number;
  bytes: number;
  /** Those that hold for it to its end. */
  readonly settings: StallSettings;
}

const checksPerWindow = 4;

/** Cuts off transfers that a client lets stall, but not those that wait for us. */
export class StallWatch {
  #settings: StallSettings;
  /** Each knows its place. No map: that keeps what it held before until a full garbage collection. */
  readonly #watched: Exchange[] = [];
  readonly #progress = new WeakMap<Exchange, Progress>();
  #timer: NodeJS.Timeout;

  constructor(settings: StallSettings) {
    this.#settings = settings;
    this.#timer = this.#start();
  }

  /** For exchanges that begin from now on. */
  reconfigure(settings: StallSettings): void {
    this.#settings = settings;
    this.stop();
    this.#timer = this.#start();
  }

  watch(exchange: Exchange): void {
    if (this.#settings.minimum === 0) return;
    exchange.watchedAt = this.#watched.length;
    this.#watched.push(exchange);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Called when the exchange is over and its body has been read: it must not stall forever after the response either. */
  forget(exchange: Exchange): void {
    const place = exchange.watchedAt;
    if (place === undefined) return;
    exchange.watchedAt = undefined;
    const last = this.#watched.pop();
    if (last === undefined || last === exchange) return;
    this.#watched[place] = last;
    last.watchedAt = place;
  }

  #start(): NodeJS.Timeout {
    return setInterval(() => this.#check(), this.#settings.window / checksPerWindow).unref();
  }

  #check(): void {
    const now = performance.now();
    for (const exchange of [...this.#watched]) {
      const bytes = movedBytes(exchange);
      const progress = this.#progress.get(exchange);
      const settings = progress?.settings ?? this.#settings;
      const { window, minimum } = settings;
      if (progress === undefined || !waitsForClient(exchange) || bytes - progress.bytes >= minimum) {
        this.#progress.set(exchange, { sinceMs: now, bytes, settings });
      } else if (now - progress.sinceMs >= window) {
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

/** Whether we wait for the rest of a body, with nothing unread, or for the client to read what we wrote. */
export function waitsForClient({ request, response }: Exchange): boolean {
  return (!request.complete && request.readableLength === 0) || response.writableLength > 0;
}
