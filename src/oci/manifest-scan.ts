import { type Key, KeyReader, SeenKeys } from "./key-reader.js";
import { manifestShape, type Shape, unknownShape } from "./manifest-shape.js";

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const [openBracket, closeBracket] = [0x5b, 0x5d];
const [openBrace, closeBrace] = [0x7b, 0x7d];

/** Limits for a document. They, more than its bytes, determine what parsing costs. */
export interface ManifestBounds {
  readonly depth: number;
  readonly values: number;
  /** Different keys: each may cost the parser a hidden class of its own. */
  readonly keys: number;
}

/**
 * No program writes as much: 4 MiB hold 25,000 descriptors of four values each. Go's parser also refuses deeper
 * nesting.
 */
export const pushedBounds: ManifestBounds = { depth: 10_000, values: 150_000, keys: 5_000 };

export interface ManifestScan {
  /** The limit that is exceeded, in words; the scan stops there. */
  readonly excess: string | undefined;
  /** A key that occurs twice in one object: readers differ in which one counts. */
  readonly repeated: string | undefined;
  /**
   * A key that Go reads as another one, such as `Layers`: Go programs see other content than a case-sensitive reader
   * does.
   */
  readonly ambiguous: string | undefined;
}

interface Frame {
  readonly shape: Shape;
  /** Keys of an object; `undefined` for a list. */
  readonly keys: SeenKeys | undefined;
  /** The key of the next value. */
  key: Key | undefined;
}

/**
 * Scans a manifest in one pass before it is parsed; it need not be valid JSON. Uses its own stack, since a document may
 * be nested deeper than the call stack.
 */
export function scanManifest(json: Buffer, bounds?: ManifestBounds): ManifestScan {
  const scan = new Scan(json, bounds);
  scan.run();
  return scan;
}

class Scan implements ManifestScan {
  excess: string | undefined;
  repeated: string | undefined;
  ambiguous: string | undefined;
  readonly #json: Buffer;
  readonly #bounds: ManifestBounds | undefined;
  readonly #keys: KeyReader;
  readonly #frames: Frame[] = [];
  #values = 0;
  /** Position of the next backslash, searched for once for all strings before it. */
  #escape = -1;

  constructor(json: Buffer, bounds: ManifestBounds | undefined) {
    this.#json = json;
    this.#bounds = bounds;
    this.#keys = new KeyReader(json);
  }

  run(): void {
    const json = this.#json;
    for (let index = 0; index < json.length && this.excess === undefined; index++) {
      const byte = json[index];
      if (byte === quote) index = this.#passString(index);
      else if (byte === comma) this.#nextMember();
      else if (byte === openBrace || byte === openBracket) this.#open(byte === openBrace);
      else if (byte === closeBrace || byte === closeBracket) this.#frames.pop();
    }
  }

  #nextMember(): void {
    this.#countValue();
    const frame = this.#frames.at(-1);
    if (frame !== undefined) frame.key = undefined;
  }

  #open(isObject: boolean): void {
    this.#countValue();
    const keys = isObject ? new SeenKeys() : undefined;
    this.#frames.push({ shape: this.#shapeOfNext(), keys, key: undefined });
    if (this.#bounds !== undefined && this.#frames.length > this.#bounds.depth) {
      this.excess = `it is nested deeper than ${this.#bounds.depth} levels`;
    }
  }

  #shapeOfNext(): Shape {
    const around = this.#frames.at(-1);
    if (around === undefined) return manifestShape;
    // The elements of a list have the shape of its field.
    if (around.keys === undefined) return around.shape;
    return around.shape.values.get(around.key?.text ?? "") ?? unknownShape;
  }

  #countValue(): void {
    if (this.#bounds !== undefined && ++this.#values > this.#bounds.values) {
      this.excess = `it has more than ${this.#bounds.values} values`;
    }
  }

  /** @returns the end of the string */
  #passString(start: number): number {
    const frame = this.#frames.at(-1);
    const end = this.#endOfString(start + 1);
    if (frame?.keys !== undefined && frame.key === undefined) {
      frame.key = this.#keys.read(start + 1, end, this.#escape < end);
      this.#noteKey(frame.key, frame.shape, frame.keys);
    }
    // Search again after this string.
    if (this.#escape < end) this.#escape = -1;
    return end;
  }

  #endOfString(start: number): number {
    const json = this.#json;
    if (this.#escape < start) this.#escape = orEnd(json, json.indexOf(backslash, start));
    const plain = orEnd(json, json.indexOf(quote, start));
    if (plain < this.#escape) return plain;
    let index = this.#escape;
    while (index < json.length && json[index] !== quote) index += json[index] === backslash ? 2 : 1;
    return Math.min(index, json.length);
  }

  #noteKey(key: Key, shape: Shape, keys: SeenKeys): void {
    if (this.#bounds !== undefined && this.#keys.distinct > this.#bounds.keys) {
      this.excess = `it has more than ${this.#bounds.keys} different keys`;
    }
    if (keys.hasExact(key)) this.repeated ??= key.text;
    else if (!shape.isMap && (keys.hasFolded(key) || isSpelledOtherwise(key, shape))) this.ambiguous ??= key.text;
    keys.add(key);
  }
}

function isSpelledOtherwise({ text, foldedText }: Key, { fields }: Shape): boolean {
  return (fields.get(foldedText) ?? text) !== text;
}

function orEnd(json: Buffer, index: number): number {
  return index < 0 ? json.length : index;
}
