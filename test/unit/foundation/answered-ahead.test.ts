import { strict as assert } from "node:assert";
import { test } from "node:test";
import { answeredAhead } from "../../../src/foundation/answered-ahead.js";

/** Numbers from 1 on, and what became of them. */
function numbers(count: number) {
  const seen = { taken: 0, isClosed: false };
  async function* source() {
    try {
      for (let number = 1; number <= count; number++) {
        seen.taken = number;
        yield number;
      }
    } finally {
      seen.isClosed = true;
    }
  }
  return { source: source(), seen };
}

test("answers come in the order of the items, although later ones are there first", async () => {
  const { source } = numbers(20);
  const waiting: (() => void)[] = [];
  const ask = async (number: number) => {
    // The last of three that is asked for is answered first.
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 3 || number > 17) for (const answer of waiting.splice(0).reverse()) answer();
    });
    return number * number;
  };
  const found: number[][] = [];
  for await (const { item, answer } of answeredAhead(source, 3, ask)) found.push([item, answer]);
  assert.deepEqual(
    found,
    Array.from({ length: 20 }, (_, index) => [index + 1, (index + 1) ** 2]),
  );
});

test("a caller that stops early has taken hardly more than it has seen, and the source is closed", async () => {
  const { source, seen } = numbers(1_000);
  for await (const { item } of answeredAhead(source, 4, async () => true)) if (item === 10) break;
  assert.ok(seen.taken <= 14, String(seen.taken));
  assert.ok(seen.isClosed);
});

test("a failure is thrown when it is its turn", async () => {
  const found: number[] = [];
  const ask = async (number: number) => {
    if (number === 5) throw new Error("the fifth");
    return number;
  };
  const { source, seen } = numbers(10);
  await assert.rejects(async () => {
    for await (const { item } of answeredAhead(source, 4, ask)) found.push(item);
  }, /the fifth/);
  assert.deepEqual(found, [1, 2, 3, 4]);
  assert.ok(seen.isClosed);
});
