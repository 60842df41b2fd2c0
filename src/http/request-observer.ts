import type { Exchange } from "./exchange.js";

/** Told of each request, whatever it asked for, when its answer is through or the client is gone. */
export interface RequestObserver {
  ended(exchange: Exchange): void;
}
