import { nextTurn } from "../foundation/event-loop-breaks.js";
import { joinedInTurns } from "../foundation/joined-in-turns.js";

/** Serializing these takes a millisecond or so. */
const bytesATurn = 128 * 1024;

/** One by one, short items would take twice as long. */
const itemsAtOnce = 64;

/**
 * Serializes an object with a long list in steps, between which other work runs: a hundred thousand names, or 4 MiB of
 * descriptors, take a tenth of a second.
 * @param empty the object with an empty list, which is its last member
 */
export async function jsonWithList(empty: object, items: readonly unknown[]): Promise<Buffer> {
  const end = "]}";
  const pieces = [Buffer.from(JSON.stringify(empty).slice(0, -end.length))];
  let texts: string[] = [];
  let bytes = 0;
  for (let start = 0; start < items.length; start += itemsAtOnce) {
    const text = JSON.stringify(items.slice(start, start + itemsAtOnce)).slice(1, -1);
    texts.push(text);
    bytes += text.length;
    if (bytes < bytesATurn && start + itemsAtOnce < items.length) continue;
    pieces.push(Buffer.from(`${pieces.length > 1 ? "," : ""}${texts.join(",")}`));
    texts = [];
    bytes = 0;
    await nextTurn();
  }
  pieces.push(Buffer.from(end));
  return joinedInTurns(pieces);
}
