import type { Readable } from "node:stream";
import { freeMemory } from "../../../../foundation/free-memory.js";

/** A connection that brings nothing for this long is given up, and the rest is requested again. */
export const silentMs = 30_000;

/** Whoever gets the bytes of a source. */
export interface ByteReceiver {
  /** @param release is called once nothing uses the bytes any more */
  received(bytes: Buffer, release: () => void): void;
  /** Nothing more comes, because that was all, or because of a failure. */
  ended(failure?: Error): void;
}

/** Bytes on their way from the store. */
export interface ByteSource {
  /** Begins paused. */
  start(receiver: ByteReceiver): void;
  pause(): void;
  resume(): void;
  /** Closes it; what was left is lost. */
  destroy(): void;
}

/** The same of a stream of Node. */
export class StreamSource implements ByteSource {
  readonly #body: Readable;

  constructor(body: Readable) {
    this.#body = body;
  }

  start(receiver: ByteReceiver): void {
    endingSilence(this.#body)
      .pause()
      .on("data", (bytes: Buffer) => receiver.received(bytes, () => freeMemory(bytes)))
      .on("error", (error) => receiver.ended(error))
      .on("end", () => receiver.ended())
      .on("close", () => receiver.ended(new Error("the connection was closed")));
  }

  pause(): void {
    this.#body.pause();
  }

  resume(): void {
    this.#body.resume();
  }

  destroy(): void {
    this.#body.destroy();
  }
}

/** Ends a connection on which nothing moves. */
export function endingSilence(body: Readable): Readable {
  const timeout = () => body.destroy(silence());
  if ("setTimeout" in body && typeof body.setTimeout === "function") body.setTimeout(silentMs, timeout);
  return body;
}

export function silence(): Error {
  return new Error(`the store sent nothing for ${silentMs / 1000} s`);
}
