import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { NameIndex } from "../../../../src/api/names/name-index.js";
import { Scope } from "../../../support/scope.js";
import { storageAt, storageOnDisk } from "../../../support/storage.js";
import { waitUntil } from "../../../support/wait-until.js";

const names = ["a/app", "b/app"];
/** What takes longer than this is kept. */
const slowMs = 300;

async function open(t: TestContext) {
  const { root } = await storageOnDisk(new Scope(t));
  /** The index of a process that has just started. */
  return async (source: string, list: () => Promise<readonly string[]>) => {
    const { storage } = await storageAt(root);
    return new NameIndex({
      list: async () => ({ items: await list(), more: false }),
      holdsAnything: async () => true,
      generation: async () => "1",
      kept: storage.keptNames,
      closed: new AbortController().signal,
      source,
    });
  };
}

async function readSlowly() {
  await delay(slowMs);
  return names;
}

const neverRead = () => new Promise<never>(() => {});

test("names that took long to read are known at once to the next process", async (t) => {
  const start = await open(t);
  assert.deepEqual(await (await start("hybrid", readSlowly)).all(), names);
  const next = await keptBy(() => start("hybrid", neverRead));
  assert.deepEqual(await next.all(), names);
  assert.equal(await next.count(), 2);
});

test("names that another configuration listed are not shown", async (t) => {
  const start = await open(t);
  await (await start("hybrid", readSlowly)).all();
  await keptBy(() => start("hybrid", neverRead));
  const other = await start("private", async () => ["c/app"]);
  assert.equal(await other.known(), undefined);
  assert.deepEqual(await other.all(), ["c/app"]);
});

test("names are not read while a client waits for something else", async (t) => {
  const start = await open(t);
  const index = await start("hybrid", async () => names);
  let answer: (text: string) => void = () => {};
  const answered = index.first(() => new Promise<string>((resolve) => (answer = resolve)));
  const reading = index.prepare();
  await delay(20);
  assert.equal(await index.count(), undefined);
  answer("the list");
  assert.equal(await answered, "the list");
  await reading;
  assert.equal(await index.count(), 2);
});

/** Keeping is not waited for, so processes are started until one finds them. */
function keptBy(start: () => Promise<NameIndex>): Promise<NameIndex> {
  return waitUntil("names are kept", async () => {
    const index = await start();
    return (await index.known()) === undefined ? undefined : index;
  });
}
