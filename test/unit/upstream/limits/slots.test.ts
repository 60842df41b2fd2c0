import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Demand, Watchers, watched } from "../../../../src/upstream/limits/demand.js";
import { type Slot, Slots } from "../../../../src/upstream/limits/slots.js";

function take(slots: Slots, demand: Demand = watched, signal = new AbortController().signal): Promise<Slot> {
  return slots.take(demand, signal);
}

/** Lets everything run that can. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A slot that is given back when it is recalled, and reports that. */
async function yielding(slots: Slots, demand: Demand, told: string[], name: string): Promise<void> {
  const slot = await take(slots, demand);
  slot.onRecall(() => {
    told.push(`${name} gives way`);
    slot.giveBack();
  });
}

test("slots are given in order of request", async () => {
  const slots = new Slots(1);
  const first = await take(slots);
  const order: string[] = [];
  const second = take(slots).then((slot) => order.push("second") && slot.giveBack());
  const third = take(slots).then((slot) => order.push("third") && slot.giveBack());
  await settle();
  assert.deepEqual(order, []);
  first.giveBack();
  await Promise.all([second, third]);
  assert.deepEqual(order, ["second", "third"]);
});

test("giving a slot back twice does not make it two", async () => {
  const slots = new Slots(1);
  const slot = await take(slots);
  slot.giveBack();
  slot.giveBack();
  const again = await take(slots);
  let isTaken = false;
  const waiting = take(slots).then(() => {
    isTaken = true;
  });
  await settle();
  assert.equal(isTaken, false);
  again.giveBack();
  await waiting;
});

test("giving up waiting frees no slot that is in use, and takes none from the next", async () => {
  const slots = new Slots(1);
  const slot = await take(slots);
  let isTaken = false;
  const impatient = new AbortController();
  const second = take(slots, watched, impatient.signal);
  const third = take(slots).then(() => {
    isTaken = true;
  });
  impatient.abort(new Error("gone"));
  await assert.rejects(second, /gone/);
  await settle();
  assert.equal(isTaken, false);
  slot.giveBack();
  await third;
});

test("a request of a client that is gone waits for no slot", async () => {
  const slots = new Slots(1);
  const slot = await take(slots);
  await assert.rejects(take(slots, watched, AbortSignal.abort(new Error("gone"))), /gone/);
  slot.giveBack();
  await take(slots);
});

test("a request that a client waits for goes before one that no client waits for", async () => {
  const slots = new Slots(1);
  const slot = await take(slots);
  const order: string[] = [];
  const idle = take(slots, new Watchers()).then((given) => order.push("idle") && given.giveBack());
  const urgent = take(slots).then((given) => order.push("urgent") && given.giveBack());
  slot.giveBack();
  await Promise.all([idle, urgent]);
  assert.deepEqual(order, ["urgent", "idle"]);
});

test("requests that no client waits for give way to those with a client, the youngest first, and no more than needed", async () => {
  const slots = new Slots(2);
  const told: string[] = [];
  await yielding(slots, new Watchers(), told, "the older");
  await yielding(slots, new Watchers(), told, "the younger");
  await take(slots);
  assert.deepEqual(told, ["the younger gives way"]);
  const idle = take(slots, new Watchers());
  await settle();
  assert.deepEqual(told, ["the younger gives way"]);
  await take(slots);
  assert.deepEqual(told, ["the younger gives way", "the older gives way"]);
  idle.catch(() => {});
});

test("a request that a client waits for gives way to none, until the client leaves", async () => {
  const slots = new Slots(1);
  const told: string[] = [];
  const watchers = new Watchers();
  const leave = watchers.join();
  await yielding(slots, watchers, told, "the download");
  const waiting = take(slots);
  await settle();
  assert.deepEqual(told, []);
  leave();
  await waiting;
  assert.deepEqual(told, ["the download gives way"]);
});

test("a waiting request without a client goes first as soon as a client joins", async () => {
  const slots = new Slots(1);
  const told: string[] = [];
  await yielding(slots, new Watchers(), told, "the running one");
  const watchers = new Watchers();
  const waiting = take(slots, watchers);
  await settle();
  assert.deepEqual(told, []);
  watchers.join();
  await waiting;
  assert.deepEqual(told, ["the running one gives way"]);
});
