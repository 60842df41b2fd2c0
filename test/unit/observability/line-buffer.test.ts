import { strict as assert } from "node:assert";
import { test } from "node:test";
import { LineBuffer } from "../../../src/observability/line-buffer.js";

test("lines wait while the process has other work, and are written when it has none", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let isBusy = true;
  const blocks: string[] = [];
  const buffer = new LineBuffer<"info">(
    (_, block) => blocks.push(block),
    () => isBusy,
  );
  buffer.add("info", "one");
  t.mock.timers.tick(100);
  buffer.add("info", "two");
  assert.deepEqual(blocks, []);
  isBusy = false;
  t.mock.timers.tick(50);
  assert.deepEqual(blocks, ["one\ntwo"]);
});

test("lines are written after half a second although the process always has other work", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const blocks: string[] = [];
  const buffer = new LineBuffer<"info">(
    (_, block) => blocks.push(block),
    () => true,
  );
  buffer.add("info", "one");
  for (let count = 0; count < 9; count++) t.mock.timers.tick(50);
  assert.deepEqual(blocks, []);
  t.mock.timers.tick(50);
  assert.deepEqual(blocks, ["one"]);
});
