import type { IncomingMessage } from "node:http";
import { RegistryError } from "../oci/errors.js";
import type { BodyRoom } from "./body-room.js";
import type { Exchange } from "./exchange.js";

/** What may still come after the answer: enough for clients that read it only behind the end of their body. */
const discardedBytes = 32 * 1024 * 1024;

/** A body up to this size waits for no room: hardly one is larger. */
const smallBytes = 64 * 1024;

/**
 * Reads a small body whole. Bytes are counted, since a length is often not announced, and when it is, may be a lie.
 * They are copied as they arrive: a million chunks of one byte, kept as they are, take 350 MB.
 * @throws RegistryError with status 413 as soon as there is more than may be
 */
export async function readBody(exchange: Exchange, maxBytes: number, room: BodyRoom): Promise<Buffer> {
  const announced = Number(exchange.header("content-length") ?? maxBytes);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  let body: Buffer = Buffer.allocUnsafeSlow(Math.min(announced, smallBytes));
  let length = 0;
  for await (const chunk of exchange.request.iterator({ destroyOnReturn: false })) {
    const end = length + chunk.length;
    if (end > maxBytes) throw tooLarge(maxBytes);
    if (end > body.length) {
      if (body.length <= smallBytes) await room.take(announced);
      body = withRoom(body, Math.min(announced, Math.max(end, body.length * 2)));
    }
    chunk.copy(body, length);
    length = end;
  }
  // What is stored is kept in memory for a while, and no larger than it is.
  return length === body.length ? body : Buffer.from(body.subarray(0, length));
}

function withRoom(body: Buffer, bytes: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(bytes);
  body.copy(larger);
  return larger;
}

/** An encoded body is neither unpacked, which could make it any size, nor stored as something it is not. */
export function refuseEncodedBody(exchange: Exchange): void {
  const encoding = exchange.header("content-encoding");
  if (encoding === undefined || encoding === "identity") return;
  throw new RegistryError("UNSUPPORTED", "content is stored as it comes: send it without Content-Encoding", {
    status: 415,
  });
}

/** Throws the rest of a body away, so that the client gets to read its answer; one that sends on and on is cut off. */
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
    `the body has more than ${maxBytes} bytes; private.manifestMaxSize sets how many a manifest may have`,
    {
      status: 413,
    },
  );
}
