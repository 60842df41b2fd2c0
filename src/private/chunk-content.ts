import type { Digester } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { Chunk } from "../registry/repository.js";

/**
 * Passes on the bytes of a chunk and checks their number against its range. Bytes before a failure are passed on.
 * @throws RegistryError SIZE_INVALID for more or fewer bytes; the signal's reason when it is aborted
 */
export async function* measured(chunk: Chunk, signal: AbortSignal): AsyncIterable<Buffer> {
  const expected = chunk.range === undefined ? Number.POSITIVE_INFINITY : chunk.range.end - chunk.range.start + 1;
  const letGo = () => chunk.content.break(signal.reason);
  if (signal.aborted) letGo();
  signal.addEventListener("abort", letGo, { once: true });
  let received = 0;
  try {
    for await (const bytes of chunk.content) {
      const room = expected - received;
      if (bytes.length > 0 && room > 0) yield bytes.subarray(0, room);
      received += bytes.length;
      if (bytes.length > room) throw wrongLength(expected, `${received} or more`);
    }
  } finally {
    signal.removeEventListener("abort", letGo);
  }
  if (chunk.range !== undefined && received < expected) throw wrongLength(expected, received);
}

/** Passes content on and hashes each piece once it is stored, that is, when the consumer asks for the next one. */
export async function* hashed(
  content: AsyncIterable<Buffer>,
  digester: Digester | undefined,
): AsyncGenerator<Buffer, void> {
  for await (const bytes of content) {
    yield bytes;
    digester?.update(bytes);
  }
}

function wrongLength(expected: number, received: number | string): RegistryError {
  return new RegistryError("SIZE_INVALID", `Content-Range announces ${expected} bytes, but ${received} were received`, {
    detail: { expected, received },
  });
}
