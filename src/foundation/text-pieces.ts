/**
 * Texts as bytes of one memory, which goes from thread to thread without being copied. A message of strings is copied in
 * one go: 8 MB of them keep the event loop for several milliseconds.
 */
export interface TextPieces {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each text ends. */
  readonly ends: readonly number[];
}

export function joinTexts(texts: readonly string[]): TextPieces {
  const ends: number[] = [];
  let end = 0;
  for (const text of texts) {
    end += Buffer.byteLength(text);
    ends.push(end);
  }
  return { bytes: new TextEncoder().encode(texts.join("")), ends };
}

/** The texts, each made when it is asked for. */
export function* textsOf({ bytes, ends }: TextPieces): Generator<string, void, void> {
  const buffer = Buffer.from(bytes.buffer);
  let start = 0;
  for (const end of ends) {
    yield buffer.toString("utf8", start, end);
    start = end;
  }
}
