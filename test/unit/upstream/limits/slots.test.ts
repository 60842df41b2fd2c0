import { strict as assert } from "node:assert";
import { test } from "node:test";
import { systemClock } from "../../../../src/upstream/limits/clock.js";
import { Patience } from "../../../../src/upstream/limits/patience.js";
import { Slots } from "../../../../src/upstream/limits/slots.js";

function patient(signal = new AbortController().signal): Patience {
  return new Patience(signal, 60_000, systemClock);
}

/** Lets everything that can go on go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("slots are given in the order of asking", async () => {
  const slots = new Slots(1);
  const first = await slots.take(patient());
  const order: string[] = [];
  const second = slots.take(patient()).then((giveBack) => order.push("second") && giveBack());
  const third = slots.take(patient()).then((giveBack) => order.push("third") && giveBack());
  await settle();
  assert.deepEqual(order, []);
  first();
  await Promise.all([second, third]);
  assert.deepEqual(order, ["second", "third"]);
});

test("giving a slot back twice does not make two of it", async () => {
  const slots = new Slots(1);
  const giveBack = await slots.take(patient());
  giveBack();
  giveBack();
  const giveBackAgain = await slots.take(patient());
  let isTaken = false;
  const waiting = slots.take(patient()).then(() => {
    isTaken = true;
  });
  await settle();
  assert.equal(isTaken, false);
  giveBackAgain();
  await waiting;
});

test("whoever gives up waiting frees no slot that somebody holds", async () => {
  const slots = new Slots(1);
  const giveBack = await slots.take(patient());
  let isTaken = false;
  const second = slots.take(patient()).then(() => {
    isTaken = true;
  });
  const impatient = new AbortController();
  const third = slots.take(patient(impatient.signal));
  impatient.abort(new Error("gone"));
  await assert.rejects(third, /gone/);
  await settle();
  assert.equal(isTaken, false);
  giveBack();
  await second;
});

test("a slot that comes in the moment of giving up goes to the next", async () => {
  const slots = new Slots(1);
  const giveBack = await slots.take(patient());
  const impatient = new AbortController();
  const second = slots.take(patient(impatient.signal));
  const third = slots.take(patient());
  impatient.abort(new Error("gone"));
  giveBack();
  await assert.rejects(second, /gone/);
  await third;
});
