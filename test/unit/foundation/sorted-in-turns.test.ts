import { strict as assert } from "node:assert";
import { test } from "node:test";
import { sortedInTurns } from "../../../src/foundation/sorted-in-turns.js";
import { seededRandom, wholeNumber } from "../../support/seeded-random.js";

for (const count of [0, 1, 8_192, 8_193, 30_000]) {
  test(`${count} names come in the order that sort gives them`, async () => {
    const random = seededRandom(count);
    const names = Array.from({ length: count }, () => `v${wholeNumber(random, 0, 20_000)}\u{1f4e6}`);
    assert.deepEqual(await sortedInTurns(names), [...names].sort());
  });
}

test("other work gets its turn many times while a hundred thousand names are sorted", async () => {
  let turns = 0;
  let isSorted = false;
  const work = () => {
    turns++;
    if (!isSorted) setImmediate(work);
  };
  setImmediate(work);
  await sortedInTurns(Array.from({ length: 100_000 }, (_, number) => `tag-${number % 317}-${number}`));
  isSorted = true;
  assert.ok(turns >= 8, `${turns} turns`);
});
