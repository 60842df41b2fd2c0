import type { Exchange } from "./exchange.js";

export interface StallSettings {
  /** The window of measurement, in milliseconds. */
  readonly window: number;
  /** Bytes that must move within a window; 0 never cuts off. */
  readonly minimum: number;
}

/** The progress of a transfer. Most exchanges end before the first check and never need it. */
interface Progress {
  /** Since when fewer bytes than the minimum have moved, by the watch's own time. */
  sinceMs: number;
  bytes: number;
  /** Those that hold for it to its end. */
  readonly settings: StallSettings;
}

const checksPerWindow = 4;

/** Cuts off transfers that a client lets stall, but not those that wait for us. */
export class StallWatch {
  #settings: StallSettings;
  readonly #running: () => Iterable<Exchange>;
  /** Answered exchanges with a request that is still arriving. */
  readonly #unread = new Set<Exchange>();
  readonly #progress = new WeakMap<Exchange, Progress>();
  #timer: NodeJS.Timeout;
  /**
   * In milliseconds. A process that was paused, as by `docker pause` or with its machine, runs its timers before it reads
   * what has arrived meanwhile: so the time of a late check hardly counts.
   */
  #passedMs = 0;
  #checkedAtMs = performance.now();

  /** @param running exchanges that are not over, asked for at each check: a short one costs nothing */
  constructor(settings: StallSettings, running: () => Iterable<Exchange>) {
    this.#settings = settings;
    this.#running = running;
    this.#timer = this.#start();
  }

  /** Transfers that were checked before keep their settings. */
  reconfigure(settings: StallSettings): void {
    this.#settings = settings;
    this.stop();
    this.#timer = this.#start();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The rest of a request must not stall forever either, when its response is complete. */
  watchRest(exchange: Exchange): void {
    this.#unread.add(exchange);
    exchange.request.once("close", () => this.#unread.delete(exchange));
  }

  #start(): NodeJS.Timeout {
    return setInterval(() => this.#check(), this.#settings.window / checksPerWindow).unref();
  }

  #check(): void {
    const now = this.#passTime();
    for (const exchange of [...this.#running(), ...this.#unread]) {
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

  #passTime(): number {
    const atMs = performance.now();
    const usualMs = this.#settings.window / checksPerWindow;
    this.#passedMs += Math.min(atMs - this.#checkedAtMs, 2 * usualMs);
    this.#checkedAtMs = atMs;
    return this.#passedMs;
  }
}

export function movedBytes({ request }: Exchange): number {
  return request.socket.bytesRead + request.socket.bytesWritten;
}

/** Whether we wait for the rest of a body, with nothing unread, or for the client to read what we wrote. */
export function waitsForClient({ request, response }: Exchange): boolean {
  return (!request.complete && request.readableLength === 0) || response.writableLength > 0;
}
