import { foldedKey, wellFormed } from "./folded-key.js";

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

/** A key of a JSON object, compared by numbers: most documents repeat a few keys many times. */
export interface Key {
  readonly text: string;
  /** Equal for keys that Go reads as equal. */
  readonly exact: number;
  /** Equal for keys that Go matches to the same struct field. */
  readonly folded: number;
  readonly foldedText: string;
}

/** Up to this number, comparing keys one by one is faster than a lookup. */
const fewKeys = 12;

/** The keys of one object, as far as it has been read. */
export class SeenKeys {
  readonly #few: Key[] = [];
  #many: { readonly exact: Set<number>; readonly folded: Set<number> } | undefined;

  hasExact(key: Key): boolean {
    if (this.#many !== undefined) return this.#many.exact.has(key.exact);
    for (const { exact } of this.#few) if (exact === key.exact) return true;
    return false;
  }

  hasFolded(key: Key): boolean {
    if (this.#many !== undefined) return this.#many.folded.has(key.folded);
    for (const { folded } of this.#few) if (folded === key.folded) return true;
    return false;
  }

  add(key: Key): void {
    if (this.#many === undefined && this.#few.length < fewKeys) {
      this.#few.push(key);
      return;
    }
    this.#many ??= {
      exact: new Set(this.#few.map(({ exact }) => exact)),
      folded: new Set(this.#few.map(({ folded }) => folded)),
    };
    this.#many.exact.add(key.exact);
    this.#many.folded.add(key.folded);
  }
}
