import type { Exchange } from "./exchange.js";

/** Notified of each request, of any kind, when its answer is complete or the client has disconnected. */
export interface RequestObserver {
  ended(exchange: Exchange): void;
}
