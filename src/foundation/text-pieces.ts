import { nextTurn } from "./event-loop-breaks.js";

/** Taking so many names apart takes the event loop a fraction of a millisecond. */
const namesAPiece = 2_048;

/** Neither a tag nor the name of a file contains it. */
const betweenNames = "/";

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

/** Packs any number of names of tags or files. */
export function packNames(names: readonly string[]): TextPieces {
  const pieces: string[] = [];
  for (let start = 0; start < names.length; start += namesAPiece) {
    pieces.push(names.slice(start, start + namesAPiece).join(betweenNames));
  }
  return joinTexts(pieces);
}

/** The same names, unpacked in steps between which other work runs. */
export async function unpackNames(packed: TextPieces): Promise<string[]> {
  const names: string[] = [];
  for (const piece of textsOf(packed)) {
    for (const name of piece.split(betweenNames)) names.push(name);
    await nextTurn();
  }
  return names;
}
