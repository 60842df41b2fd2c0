import type { IncomingHttpHeaders } from "node:http";
import { contentCodingsOf, decoded } from "./wire/content-coding.js";

/** A body that was read completely, and its headers. */
export interface ReceivedBody {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/**
 * The possible contents of a body that was requested without encoding, but may be encoded, or only be declared so: the
 * plain bytes, and the decoded ones if they are at most `maxBytes`. The caller knows which is right.
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

/** `undefined` if it is not encoded as declared, or too large. */
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
