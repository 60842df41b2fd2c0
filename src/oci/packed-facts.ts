import { nextTurn } from "../foundation/event-loop-breaks.js";
import { joinTexts, type TextPieces, textsOf } from "../foundation/text-pieces.js";

/** Parsing these takes a fraction of a millisecond. */
const bytesAPiece = 64 * 1024;

/** Some entries of a list, and the keys that lead to the list. */
type Piece = readonly [path: readonly string[], entries: readonly unknown[]];

/** Packs an object for another thread as JSON: first the object with empty lists, then the lists in pieces. */
export function packFacts(facts: object): TextPieces {
  const pieces: string[] = [];
  const head = JSON.stringify(withoutLists(facts, [], pieces));
  return joinTexts([head, ...pieces]);
}

/** The same object, unpacked in steps between which other work runs. Fields that are `undefined` are left out. */
export async function unpackFacts(packed: TextPieces): Promise<object> {
  const texts = textsOf(packed);
  const facts: object = JSON.parse(texts.next().value ?? "{}");
  inheritNothing(facts);
  for (const text of texts) {
    await nextTurn();
    // As `piecesOf` wrote it.
    const [path, entries] = JSON.parse(text) as Piece;
    const list: unknown = path.reduce<unknown>((within, key) => Reflect.get(Object(within), key), facts);
    if (!Array.isArray(list)) throw new Error(`${path.join(".")} is not a list`);
    for (const entry of entries) {
      inheritNothing(entry);
      list.push(entry);
    }
  }
  return facts;
}

/** @param pieces receives the entries of all lists */
function withoutLists(value: unknown, path: readonly string[], pieces: string[]): unknown {
  if (Array.isArray(value)) {
    pieces.push(...piecesOf(path, value));
    return [];
  }
  if (typeof value !== "object" || value === null) return value;
  const head = Object.create(null);
  for (const [key, member] of Object.entries(value)) head[key] = withoutLists(member, [...path, key], pieces);
  return head;
}

function* piecesOf(path: readonly string[], list: readonly unknown[]): Generator<string, void, void> {
  let entries: string[] = [];
  let bytes = 0;
  for (const [index, entry] of list.entries()) {
    const text = JSON.stringify(entry);
    entries.push(text);
    bytes += text.length;
    if (bytes < bytesAPiece && index < list.length - 1) continue;
    yield `[${JSON.stringify(path)},[${entries.join(",")}]]`;
    entries = [];
    bytes = 0;
  }
}

/** Annotations may have any key: who looks one up must not find what all objects inherit. */
function inheritNothing(value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [key, member] of Object.entries(value)) {
    if (key !== "annotations") inheritNothing(member);
    else if (typeof member === "object") Object.setPrototypeOf(member, null);
  }
}
