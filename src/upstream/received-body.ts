import type { IncomingHttpHeaders } from "node:http";
import { contentCodingsOf, decoded } from "./wire/content-coding.js";

/** A body that was read whole, and what was said of it. */
export interface ReceivedBody {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/**
 * What a body may be, since it was asked for as it is and may come encoded all the same, or only be said to be: the bytes
 * as they are, and decoded, if that gives no more than `maxBytes`. The caller knows which is right.
 */
export async function* bodyForms(
  { headers, bytes }: ReceivedBody,
  maxBytes: number,
): AsyncGenerator<Buffer, void, void> {
  yield bytes;
  const codings = contentCodingsOf(headers);
  const plain = codings.length === 0 ? undefined : await decodedWhole(decoded(only(bytes), codings), maxBytes);
  if (plain !== undefined) yield plain;
}

/** `undefined` if it is not encoded as it says, or too large. */
async function decodedWhole(content: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of content) {
      length += chunk.length;
      if (length > maxBytes) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks, length);
}

async function* only(bytes: Buffer): AsyncGenerator<Buffer, void, void> {
  yield bytes;
}
