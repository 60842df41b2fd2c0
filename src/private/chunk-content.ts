import type { Digester } from "../oci/digest.js";
import { RegistryError } from "../oci/errors.js";
import type { Chunk } from "../registry/repository.js";

/**
 * The bytes of a chunk, as many as its range says. Bytes that came before a failure were handed out.
 * @throws RegistryError SIZE_INVALID for more or fewer; the reason of the signal when that is aborted
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

/** Passes content on and hashes what was taken: who asks for more has stored what came before. */
export async function* hashed(content: AsyncIterable<Buffer>, digester: Digester | undefined): AsyncIterable<Buffer> {
  for await (const bytes of content) {
    yield bytes;
    digester?.update(bytes);
  }
}

function wrongLength(expected: number, received: number | string): RegistryError {
  return new RegistryError("SIZE_INVALID", `Content-Range announces ${expected} bytes, but ${received} came`, {
    detail: { expected, received },
  });
}
