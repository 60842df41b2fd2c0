import assert from "node:assert/strict";
import test from "node:test";
import { setImmediate } from "node:timers/promises";
import { hash } from "@node-rs/bcrypt";
import { CheckQueue } from "../../../src/auth/passwords/check-queue.js";
import { GuessDelays } from "../../../src/auth/passwords/guess-delays.js";
import { Passwords } from "../../../src/auth/passwords/passwords.js";
import { Users } from "../../../src/auth/users.js";

function hashWithCost(cost: string): string {
  return `$2y$${cost}$${"a".repeat(53)}`;
}

test("checking an unknown user takes as long as a known one, and always the same", () => {
  const users = new Users(
    new Map(["05", "05", "12"].map((cost, index) => [`user${index}`, hashWithCost(cost)])),
    new Map(),
  );
  const costs = Array.from({ length: 300 }, (_, index) => users.costOfUnknown(`stranger${index}`));
  assert.deepEqual([...new Set(costs)].sort(), ["05", "12"]);
  assert.equal(users.costOfUnknown("stranger1"), costs[1]);
  assert.equal(new Users(new Map(), new Map()).costOfUnknown("x"), "10");
});

test("no password is right for an unknown user, and a right one is right until it changes", async () => {
  const users = new Users(new Map([["ann", await hash("secret", 4)]]), new Map());
  const passwords = new Passwords();
  const check = (user: string) => passwords.check({ user, password: "secret", network: "10.0.0.1" }, users);
  assert.equal(await check("nobody"), false);
  assert.equal(await check("ann"), true);
  users.replace(new Map([["ann", await hash("other", 4)]]));
  assert.equal(await check("ann"), false);
});

test("a password that was right a moment ago needs no bcrypt, whichever configuration asks, unless its hash is another", async () => {
  const passwords = new Passwords();
  const [one, other] = [await hash("secret", 4), await hash("secret", 4)];
  const usersWith = (hashed: string) => new Users(new Map([["ann", hashed]]), new Map());
  /** Whether the answer is there at once: bcrypt runs in a thread, so its answer comes after all that is ready. */
  const isKnown = async (hashed: string) => {
    const answered = passwords.check({ user: "ann", password: "secret", network: "10.0.0.1" }, usersWith(hashed));
    const first = await Promise.race([answered.then(() => "answer"), setImmediate("nothing")]);
    assert.equal(await answered, true);
    return first === "answer";
  };
  assert.equal(await isKnown(one), false);
  assert.equal(await isKnown(one), true);
  assert.equal(await isKnown(other), false, "the password was set again");
});

test("when more passwords are waiting than can be checked in time, clients are told to retry", async () => {
  const passwords = new Passwords();
  const users = new Users(new Map([["ann", await hash("secret", 4)]]), new Map());
  const guesses = Array.from({ length: 300 }, (_, index) =>
    passwords.check({ user: `user${index}`, password: "x", network: `10.1.0.${index}` }, users),
  );
  const outcomes = await Promise.allSettled(guesses);
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  assert.ok(refused.length > 0);
  for (const { reason } of refused) assert.equal(reason.code, "UNAVAILABLE");
  assert.equal(await passwords.check({ user: "ann", password: "secret", network: "10.2.0.1" }, users), true);
});

test("whoever guesses at a user waits longer and longer, and others at its address, or at the user's, a second at most", () => {
  const delays = new GuessDelays();
  const waits = Array.from({ length: 12 }, () => delays.begin("ann", "10.0.0.1").delayMs);
  assert.deepEqual(waits.slice(0, 3), [0, 0, 0]);
  assert.ok(waits.every((wait, index) => wait >= (waits[index - 1] ?? 0)));
  assert.equal(waits.at(-1), 8_000);
  assert.equal(delays.begin("bob", "10.0.0.2").delayMs, 0);
  const spread = Array.from({ length: 60 }, (_, index) => delays.begin("root", `10.0.1.${index}`).delayMs);
  assert.equal(spread.at(-1), 1_000);
  const sprayed = Array.from({ length: 60 }, (_, index) => delays.begin(`user${index}`, "10.0.0.9"));
  assert.deepEqual(sprayed.at(-1), { delayMs: 1_000, isFromGuessers: true });
  assert.equal(sprayed[0]?.isFromGuessers, false);
});

test("a client that knows the password in the end has its own guesses forgiven", () => {
  const delays = new GuessDelays();
  for (let count = 0; count < 8; count++) delays.begin("ann", "10.0.0.1");
  delays.forgive("ann", "10.0.0.1");
  assert.equal(delays.begin("ann", "10.0.0.1").delayMs, 0);
});

test("a password that was right is checked at once while others at its address guess, and a new one waits with them", async (t) => {
  const passwords = new Passwords();
  const users = new Users(new Map([["ann", await hash("secret", 4)]]), new Map());
  const check = (user: string, password: string) => passwords.check({ user, password, network: "10.0.0.1" }, users);
  assert.equal(await check("ann", "secret"), true);
  // No delay ends any more: what is answered was not delayed.
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const guesses = Array.from({ length: 200 }, (_, index) => check(`user${index % 20}`, `${index}`));
  let isNewOneChecked = false;
  const newOne = check("ann", "a typo").finally(() => {
    isNewOneChecked = true;
  });
  for (let count = 0; count < 3; count++) assert.equal(await check("ann", "secret"), true);
  assert.equal(isNewOneChecked, false);
  void Promise.allSettled([...guesses, newOne]);
});

test("of the checks that wait, urgent ones run first, and the queue rests after a check as long as it is told", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const order: string[] = [];
  const queue = new CheckQueue({ concurrency: 1, mostWaiting: 10, rest: 1 });
  const check = (name: string) => async () => {
    order.push(name);
  };
  const first = queue.run(check("first"));
  const plain = queue.run(check("plain"));
  const urgent = queue.run(check("urgent"), true);
  await first;
  assert.deepEqual(order, ["first"]);
  t.mock.timers.tick(60_000);
  await urgent;
  assert.deepEqual(order, ["first", "urgent"]);
  t.mock.timers.tick(60_000);
  await plain;
  assert.deepEqual(order, ["first", "urgent", "plain"]);
});
