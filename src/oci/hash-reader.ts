import type { BlobReader } from "./blob-reader.js";
import { algorithmOf, type Digest, Digester } from "./digest.js";

const bufferBytes = 1024 * 1024;

/**
 * Feeds a digester from a reader, from where the digester stands up to `end`, or to the end of the content.
 * @throws the signal's reason when it is aborted
 */
export async function hashReader(
  reader: BlobReader,
  digester: Digester,
  end: number,
  signal?: AbortSignal,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(bufferBytes, Math.max(1, end - digester.length)));
  while (digester.length < end) {
    signal?.throwIfAborted();
    const wanted = buffer.subarray(0, Math.min(buffer.length, end - digester.length));
    const count = await reader.read(wanted, digester.length);
    if (count === 0) return;
    digester.update(wanted.subarray(0, count));
  }
}

/** Hashes the content of a reader, and closes it. */
export async function digestOfReader(reader: BlobReader, like: Digest): Promise<Digest> {
  const digester = new Digester(algorithmOf(like));
  try {
    await hashReader(reader, digester, reader.size);
    return digester.digest();
  } finally {
    await reader.close();
  }
}
