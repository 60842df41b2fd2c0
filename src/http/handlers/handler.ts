import type { Exchange } from "../exchange.js";

/** Answers one request. What it throws is turned into an answer elsewhere. */
export type Handler = (exchange: Exchange) => Promise<void> | void;
