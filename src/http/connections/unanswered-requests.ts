import type { IncomingMessage, ServerResponse } from "node:http";
import type { Exchange } from "../exchange.js";

/** A request that waits for its turn. */
export type WaitingRequest = readonly [request: IncomingMessage, response: ServerResponse];

/**
 * Whether anything written to a connection now would be read as part of a response, or as the response to another
 * request. Not if the only request is still being received: then that is the broken one.
 */
export function owesAnswers(running: readonly Exchange[], waiting: readonly WaitingRequest[]): boolean {
  if (waiting.length + running.length > 1) return true;
  for (const [request] of waiting) return request.complete;
  for (const { request, response } of running) return request.complete || response.headersSent;
  return false;
}

/** A body that is not being read stays paused: Node resumes when it is read. */
export function holdsFullBody({ request }: Exchange): boolean {
  return !request.complete && request.readableLength >= request.readableHighWaterMark;
}
