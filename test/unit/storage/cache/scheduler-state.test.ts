import assert from "node:assert/strict";
import test from "node:test";
import { SchedulerState } from "../../../../src/storage/cache/scheduler-state.js";
import { MemoryDriver } from "../../../../src/storage/drivers/memory/memory-driver.js";

const digest = `sha256:${"0a".repeat(32)}`;

async function read(text: string) {
  const driver = new MemoryDriver();
  await driver.write({ key: "scheduler-state.json", content: Buffer.from(text) });
  const content = await new SchedulerState(driver).read();
  return content && [...content].map(([name, digests]) => [name, [...digests]]);
}

test("the scheduler's state lists content by the repositories that it was downloaded for", async () => {
  const other = `sha256:${"0b".repeat(32)}`;
  const keys = [`library/tool@${digest}`, `team/app@${digest}`, `library/tool@${other}`];
  const state = Object.fromEntries(keys.map((key) => [key, { Key: key, ExpiryData: "2026-12-01T00:00:00Z" }]));
  assert.deepEqual(await read(JSON.stringify(state)), [
    ["library/tool", [digest, other]],
    ["team/app", [digest]],
  ]);
});

test("invalid repositories and digests are skipped", async () => {
  const keys = [`../../etc@${digest}`, `_x@${digest}`, "library/tool@sha256:short", digest, "", "__proto__", "a@b@c"];
  assert.deepEqual(await read(JSON.stringify(Object.fromEntries(keys.map((key) => [key, {}])))), []);
});

test("a truncated or invalid state lists nothing, nor does a missing one", async () => {
  for (const text of ["", "{", "null", "7", '"x"']) assert.equal(await read(text), undefined, text);
  assert.equal(await new SchedulerState(new MemoryDriver()).read(), undefined);
});
