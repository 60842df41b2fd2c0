import type { IncomingMessage } from "node:http";
import { freeMemory } from "../foundation/free-memory.js";
import type { Reservation } from "../foundation/semaphore.js";
import { RegistryError } from "../oci/errors.js";
import type { Exchange } from "./exchange.js";
import { afterCounted, countBytes } from "./limits/throttle.js";

/** How much of a body is read after the response: enough for clients that read it only after sending all. */
const discardedBytes = 32 * 1024 * 1024;

/** A body up to this size needs no room: hardly any is larger. */
const smallBytes = 64 * 1024;

/**
 * Reads a small body completely. Bytes are counted, since the length is often not announced, or may be wrong. They are
 * copied as they arrive: a million chunks of one byte, kept as they are, would take 350 MB. A client whose bandwidth is
 * used up waits before its body is read.
 * @throws RegistryError with status 413 as soon as the limit is exceeded
 */
export async function readBody(exchange: Exchange, maxBytes: number, room: Reservation): Promise<Buffer> {
  const announced = Number(exchange.header("content-length") ?? maxBytes);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  await afterCounted(exchange);
  let body: Buffer = Buffer.allocUnsafeSlow(Math.min(announced, smallBytes));
  let length = 0;
  for await (const chunk of exchange.request.iterator({ destroyOnReturn: false })) {
    const end = length + chunk.length;
    if (end > maxBytes) throw tooLarge(maxBytes);
    if (end > body.length) {
      if (body.length <= smallBytes) await room.take(announced);
      body = withRoom(body, announced);
    }
    chunk.copy(body, length);
    freeMemory(chunk);
    length = end;
  }
  countBytes(exchange, length);
  // Stored content stays in memory for a while, so the buffer must not be larger than needed.
  return length === body.length ? body : Buffer.from(body.subarray(0, length));
}

function withRoom(body: Buffer, bytes: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(bytes);
  body.copy(larger);
  return larger;
}

/** An encoded body is neither decoded, which could make it any size, nor stored under a wrong meaning. */
export function refuseEncodedBody(exchange: Exchange): void {
  const encoding = exchange.header("content-encoding");
  if (encoding === undefined || encoding === "identity") return;
  throw new RegistryError("UNSUPPORTED", "content is stored exactly as sent: send it without Content-Encoding", {
    status: 415,
  });
}

/**
 * Discards the rest of a body, so that the client gets to read the response; one that never stops sending is cut off.
 */
export function discardBody(request: IncomingMessage): void {
  request.resume();
  if (request.complete) return;
  const { socket } = request;
  const end = socket.bytesRead + discardedBytes;
  request.on("data", () => {
    if (socket.bytesRead > end) socket.destroy();
  });
}

function tooLarge(maxBytes: number): RegistryError {
  return new RegistryError(
    "SIZE_INVALID",
    `the body has more than ${maxBytes} bytes; private.manifestMaxSize sets the limit for manifests`,
    {
      status: 413,
    },
  );
}
