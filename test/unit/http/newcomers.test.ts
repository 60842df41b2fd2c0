import { strict as assert } from "node:assert";
import { test } from "node:test";
import { Newcomers } from "../../../src/http/connections/newcomers.js";

/** New connections, and an event loop that is as busy as the test sets it. */
function runWith() {
  const loop = { busy: 0 };
  const letIn: string[] = [];
  const newcomers = new Newcomers(() => loop.busy);
  const arrive = (client: string, count: number) => {
    const all = Array.from({ length: count }, () => ({
      caller: { address: client, network: client },
      letIn: () => letIn.push(client),
    }));
    for (const one of all) newcomers.arrived(one);
    return all;
  };
  const tick = () => {
    const before = letIn.length;
    newcomers.tick();
    return letIn.slice(before);
  };
  return { loop, newcomers, letIn, arrive, tick };
}

test("while the event loop has time, a new connection starts at once", () => {
  const { arrive, letIn } = runWith();
  arrive("a", 1_000);
  assert.equal(letIn.length, 1_000);
});

test("while the event loop is busy, fewer and fewer new connections start, but always at least one", () => {
  const { loop, arrive, tick, letIn } = runWith();
  arrive("a", 16);
  loop.busy = 1;
  tick();
  letIn.length = 0;
  arrive("a", 1_000);
  assert.equal(letIn.length, 8, "half of what started before");
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => tick().length),
    [4, 2, 1, 1, 1],
  );
});

test("when the event loop has time again, all waiting connections start soon", () => {
  const { loop, arrive, tick } = runWith();
  loop.busy = 1;
  tick();
  arrive("a", 1_001);
  loop.busy = 0.5;
  let ticks = 0;
  for (let begun = 1; begun < 1_001; begun += tick().length) ticks += 1;
  assert.ok(ticks <= 10, `it took ${ticks} ticks`);
});

test("a client with a thousand new connections lets one of another client in after one of its own", () => {
  const { loop, arrive, tick } = runWith();
  loop.busy = 1;
  tick();
  arrive("flood", 1_000);
  arrive("other", 1);
  assert.deepEqual([...tick(), ...tick()], ["flood", "other"]);
});

test("a connection that closes while it waits is not started", () => {
  const { loop, newcomers, arrive, tick } = runWith();
  loop.busy = 1;
  tick();
  const [, second] = arrive("a", 3);
  assert.ok(second);
  newcomers.left(second);
  assert.equal([...tick(), ...tick(), ...tick()].length, 1);
});
