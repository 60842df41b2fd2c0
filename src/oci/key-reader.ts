import { foldedKey, wellFormed } from "./folded-key.js";
import type { Key } from "./seen-keys.js";

/** No field name is nearly as long, so a longer key matches none in any case. */
const longestFolded = 64;

/** Reads the keys of one document, each spelling once. */
export class KeyReader {
  readonly #json: Buffer;
  readonly #known = new Map<string, Key>();
  readonly #numbers = new Map<string, number>();

  constructor(json: Buffer) {
    this.#json = json;
  }

  /** The number of different spellings. */
  get distinct(): number {
    return this.#known.size;
  }

  /** @param start after the opening quote. @param end position of the closing quote */
  read(start: number, end: number, isEscaped: boolean): Key {
    const written = this.#json.toString("latin1", start, end);
    const known = this.#known.get(written);
    if (known !== undefined) return known;
    const text = this.#decode(start, end, isEscaped);
    const foldedText = text.length > longestFolded ? text : foldedKey(text);
    const key = { text, exact: this.#numberOf(wellFormed(text)), folded: this.#numberOf(foldedText), foldedText };
    this.#known.set(written, key);
    return key;
  }

  #decode(start: number, end: number, isEscaped: boolean): string {
    const text = this.#json.toString("utf8", start, end);
    if (!isEscaped) return text;
    try {
      return String(JSON.parse(`"${text}"`));
    } catch {
      // The parser will refuse the document.
      return text;
    }
  }

  #numberOf(text: string): number {
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }
}
