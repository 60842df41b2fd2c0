import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Pace } from "../../../src/foundation/pace.js";
import { Semaphore } from "../../../src/foundation/semaphore.js";

/** A response that takes its room and holds it until it is told to end. */
function answerIn(rooms: Semaphore, bytes: number) {
  const answer = { isHeld: false, end: () => {}, over: Promise.resolve() };
  answer.over = rooms.reserve(async (room) => {
    await room.take(bytes);
    await room.take(bytes);
    answer.isHeld = true;
    await new Promise<void>((resolve) => {
      answer.end = resolve;
    });
  });
  return answer;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("large responses of an upstream are held a few at a time, in order of arrival", async () => {
  const rooms = new Semaphore(10);
  const answers = [4, 4, 4, 20, 1].map((bytes) => answerIn(rooms, bytes));
  const held = async () => {
    await settled();
    return answers.map(({ isHeld }) => isHeld);
  };
  assert.deepEqual(await held(), [true, true, false, false, false]);
  answers[0]?.end();
  assert.deepEqual(await held(), [true, true, true, false, false]);
  answers[1]?.end();
  answers[2]?.end();
  assert.deepEqual(
    await held(),
    [true, true, true, true, false],
    "one that is larger than the whole room is held alone",
  );
  answers[3]?.end();
  assert.deepEqual(await held(), [true, true, true, true, true]);
  answers[4]?.end();
  await Promise.all(answers.map(({ over }) => over));
});

test("the room of a failed response is free again", async () => {
  const rooms = new Semaphore(10);
  const failing = rooms.reserve(async (room) => {
    await room.take(10);
    throw new Error("broken off");
  });
  await assert.rejects(failing, /broken off/);
  const next = answerIn(rooms, 10);
  await settled();
  assert.equal(next.isHeld, true);
  next.end();
  await next.over;
});

test("a caller that gives up makes way for those behind it, which are admitted at once", async () => {
  const rooms = new Semaphore(10);
  const release = await rooms.acquire({ weight: 5 });
  const impatient = new AbortController();
  const heavy = rooms.acquire({ weight: 10, signal: impatient.signal });
  const light = rooms.acquire({ weight: 5 });
  assert.equal(rooms.waiting, 2);
  impatient.abort(new Error("gone"));
  await assert.rejects(heavy, /gone/);
  (await light)();
  release();
  assert.equal(rooms.waiting, 0);
});

test("with a pace, no more is admitted than was done, however much room is free", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pace = new Pace({ perSecond: 1, atOnce: 5 });
  const rooms = new Semaphore(100, pace);
  pace.count(1_000);
  let admitted = 0;
  const waiting = [1, 2, 3].map(() => rooms.acquire().then(() => admitted++));
  await settled();
  assert.equal(admitted, 0);
  // The pace itself goes by the real clock: when the semaphore looks again, it is still too early.
  t.mock.timers.tick(995_001);
  await settled();
  assert.equal(admitted, 0);
  assert.equal(waiting.length, rooms.waiting);
});

test("after a pause, a pace admits some work at once", async () => {
  const pace = new Pace({ perSecond: 1, atOnce: 5 });
  for (let begun = 0; begun < 5; begun++) {
    assert.equal(pace.delayMs(), 0);
    pace.count(1);
  }
  pace.count(1);
  assert.ok(pace.delayMs() > 0);
});
