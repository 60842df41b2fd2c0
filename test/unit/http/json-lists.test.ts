import { strict as assert } from "node:assert";
import { test } from "node:test";
import { jsonWithList } from "../../../src/http/json-lists.js";

test("an object with a list of any length is serialized as JSON.stringify does it", async () => {
  const long = "ü".repeat(200_000);
  for (const items of [
    [],
    ["a"],
    Array(64).fill("b"),
    Array(65).fill({ a: 1 }),
    Array(5_000).fill("c"),
    [long, long],
  ]) {
    const json = await jsonWithList({ name: "a]}", list: [] }, items);
    assert.equal(json.toString(), JSON.stringify({ name: "a]}", list: items }), `${items.length} items`);
  }
});

test("other work gets its turn while a long list is serialized", async () => {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await jsonWithList({ list: [] }, Array(300_000).fill("x".repeat(100)));
  isOver = true;
  assert.ok(turns > 5, `${turns} turns`);
});
