import { strict as assert } from "node:assert";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Deadline } from "../../../../src/upstream/limits/deadline.js";
import { TimedOutError } from "../../../../src/upstream/wire/wire-errors.js";

const { signal } = new AbortController();

/** A clock that stands still until it is moved. */
function standing() {
  const time = { now: 0 };
  return { time, clock: { monotonic: () => time.now, wall: () => 0 } };
}

test("time is limited by the deadline", () => {
  const { time, clock } = standing();
  const deadline = new Deadline(signal, 1_000, clock);
  assert.equal(deadline.upTo(400), 400);
  time.now = 700;
  assert.equal(deadline.upTo(400), 300);
  time.now = 2_000;
  assert.equal(deadline.upTo(400), 0);
  deadline.lift();
  assert.equal(deadline.upTo(400), 400);
});

test("a pause beyond the deadline is not begun", async () => {
  const { clock } = standing();
  const deadline = new Deadline(signal, 10, clock);
  assert.equal(await deadline.sleep(20), false);
  assert.equal(await deadline.sleep(1), true);
});

test("waiting ends with the deadline, and leaves no listener behind", async () => {
  const { clock } = standing();
  const caller = new AbortController();
  const deadline = new Deadline(caller.signal, 5, clock);
  await assert.rejects(deadline.wait(new Promise(() => {})), TimedOutError);
  await deadline.wait(Promise.resolve());
  await assert.rejects(deadline.wait(Promise.reject(new Error("broken"))), /broken/);
  assert.equal(getEventListeners(caller.signal, "abort").length, 0);
});

test("waiting ends with the caller, even if that is gone before", async () => {
  const { clock } = standing();
  const caller = new AbortController();
  const deadline = new Deadline(caller.signal, 60_000, clock);
  const waiting = deadline.wait(new Promise(() => {}));
  caller.abort(new Error("gone"));
  await assert.rejects(waiting, /gone/);
  await assert.rejects(deadline.wait(Promise.reject(new Error("nobody's"))), /gone/);
  await assert.rejects(deadline.sleep(1), /gone/);
});
