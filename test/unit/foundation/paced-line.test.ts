import { strict as assert } from "node:assert";
import { test } from "node:test";
import { PacedLine } from "../../../src/foundation/paced-line.js";

test("of a thousand that come together, so many are called every 5 ms, in their order", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const line = new PacedLine(1_000);
  const called: number[] = [];
  for (let number = 0; number < 1_000; number++) line.join(() => called.push(number));
  assert.deepEqual(called, [0, 1, 2, 3, 4]);
  t.mock.timers.tick(5);
  assert.deepEqual(called.slice(5), [5, 6, 7, 8, 9]);
  for (let round = 0; round < 198; round++) t.mock.timers.tick(5);
  assert.deepEqual(
    called,
    Array.from({ length: 1_000 }, (_, number) => number),
  );
});

test("one that leaves is not called, and takes nobody's turn", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const line = new PacedLine(200);
  const called: string[] = [];
  const leaves = () => called.push("leaves");
  line.join(() => called.push("first"));
  line.join(leaves);
  line.join(() => called.push("last"));
  line.leave(leaves);
  t.mock.timers.tick(5);
  assert.deepEqual(called, ["first", "last"]);
});

test("after a pause, the next one is called at once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const line = new PacedLine(200);
  let calls = 0;
  const count = () => {
    calls++;
  };
  for (let expected = 1; expected <= 3; expected++) {
    line.join(count);
    assert.equal(calls, expected);
    t.mock.timers.tick(100);
  }
});
