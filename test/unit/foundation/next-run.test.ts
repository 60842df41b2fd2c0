import { strict as assert } from "node:assert";
import { test } from "node:test";
import { NextRun } from "../../../src/foundation/next-run.js";

/** Actions that end when the test says so; each returns its number. */
function steps() {
  const ends: (() => void)[] = [];
  const action = () => {
    const number = ends.length;
    return new Promise<number>((resolve) => ends.push(() => resolve(number)));
  };
  return { ends, action };
}

test("callers that come during a run share the next one, which begins after it", async () => {
  const runs = new NextRun<string, number>();
  const { ends, action } = steps();
  const first = runs.run("a", action);
  const others = [1, 2, 3].map(() => runs.run("a", action));
  assert.equal(ends.length, 1);
  ends[0]?.();
  assert.equal(await first, 0);
  await new Promise(setImmediate);
  assert.equal(ends.length, 2);
  ends[1]?.();
  assert.deepEqual(await Promise.all(others), [1, 1, 1]);
});

test("a failed run fails for those who shared it, and the next one begins all the same", async () => {
  const runs = new NextRun<string, number>();
  const failing = runs.run("a", () => Promise.reject(new Error("failed")));
  const next = runs.run("a", async () => 7);
  await assert.rejects(failing, /failed/);
  assert.equal(await next, 7);
  assert.equal(await runs.run("a", async () => 8), 8);
});

test("runs for different keys do not wait for each other", async () => {
  const runs = new NextRun<string, number>();
  const { ends, action } = steps();
  const waiting = [runs.run("a", action), runs.run("b", action)];
  assert.equal(ends.length, 2);
  for (const end of ends) end();
  assert.deepEqual(await Promise.all(waiting), [0, 1]);
});
