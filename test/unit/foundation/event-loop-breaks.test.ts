import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { nextTurn } from "../../../src/foundation/event-loop-breaks.js";

test("however many do heavy work in steps, one turn of the event loop takes few of the steps", async () => {
  const workers = 20;
  let steps = 0;
  let isOver = false;
  const work = async () => {
    for (let step = 0; step < 3; step++) {
      await nextTurn();
      steps++;
      for (const end = performance.now() + 3; performance.now() < end; );
    }
  };
  const working = Promise.all(Array.from({ length: workers }, work)).then(() => {
    isOver = true;
  });
  const perTurn: number[] = [];
  for (let before = 0; !isOver; before = steps) {
    await turnOfTheLoop();
    perTurn.push(steps - before);
  }
  await working;
  assert.equal(steps, 3 * workers);
  assert.equal(Math.max(...perTurn), 1);
});

test("steps that take no time do not wait for a turn of the event loop each", async () => {
  let turns = 0;
  let isOver = false;
  const working = Promise.all(Array.from({ length: 1_000 }, nextTurn)).then(() => {
    isOver = true;
  });
  while (!isOver) {
    await turnOfTheLoop();
    turns++;
  }
  await working;
  assert.ok(turns < 100, `${turns} turns`);
});
