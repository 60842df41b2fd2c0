import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { layout } from "../../../src/storage/layout.js";
import { Scope } from "../../support/scope.js";
import { storageAt, storageOnDisk } from "../../support/storage.js";

const name = parseRepositoryName("library/app");
const digest = digestOf(Buffer.from("manifest"));
const start = Date.parse("2026-01-01T00:00:00Z");
const minute = 60_000;

async function twoProcesses(t: TestContext) {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const { storage: other } = await storageAt(root);
  const written = async () => (await storage.driver.read(layout.manifestPulled(name, digest)))?.toString();
  return { storage, other, written };
}

test("a pull is known here at once, and to other processes once it was written", async (t) => {
  const { storage, other } = await twoProcesses(t);
  assert.equal(await storage.uses.lastPull(name, digest), undefined);
  storage.uses.pulls.note(name, digest, start);
  assert.equal(await storage.uses.lastPull(name, digest), start);
  assert.equal(await other.uses.lastPull(name, digest), undefined);
  await storage.uses.writeDue();
  assert.equal(await other.uses.lastPull(name, digest), start);
  other.uses.pulls.note(name, digest, start - minute);
  assert.equal(await other.uses.lastPull(name, digest), start);
});

test("a question whether a manifest is still current is a use and no pull", async (t) => {
  const { storage, other } = await twoProcesses(t);
  storage.uses.pulls.note(name, digest, start);
  storage.uses.checks.note(name, digest, start + minute);
  await storage.uses.writeDue();
  for (const { uses } of [storage, other]) {
    assert.equal(await uses.lastPull(name, digest), start);
    assert.equal(await uses.lastUse(name, digest), start + minute);
  }
});

test("a check that a pull followed is not written, since the pull says more", async (t) => {
  const { storage } = await twoProcesses(t);
  storage.uses.checks.note(name, digest, start);
  storage.uses.pulls.note(name, digest, start + minute);
  await storage.uses.writeDue();
  assert.equal(await storage.driver.read(layout.manifestUsed(name, digest)), undefined);
  assert.equal(await storage.uses.lastUse(name, digest), start + minute);
});

test("pulls within an hour are written once, whichever process serves them, and again after it", async (t) => {
  const { storage, other, written } = await twoProcesses(t);
  for (const [{ uses }, minutes] of [
    [storage, 0],
    [storage, 1],
    [other, 30],
    [other, 59],
    [storage, 59],
  ] as const) {
    uses.pulls.note(name, digest, start + minutes * minute);
    await uses.writeDue();
    assert.equal(await written(), "2026-01-01T00:00:00.000Z");
  }
  other.uses.pulls.note(name, digest, start + 61 * minute);
  await other.uses.writeDue();
  assert.equal(await written(), "2026-01-01T01:01:00.000Z");
});

test("what is not yet due is written before the process ends", async (t) => {
  const { storage, written } = await twoProcesses(t);
  storage.uses.pulls.note(name, digest, start);
  await storage.uses.writeDue();
  storage.uses.pulls.note(name, digest, start + minute);
  await storage.uses.writeAll();
  assert.equal(await written(), "2026-01-01T00:01:00.000Z");
});

test("of what two processes have seen, the latest pull counts", async (t) => {
  const { storage, other, written } = await twoProcesses(t);
  storage.uses.pulls.note(name, digest, start + 300 * minute);
  other.uses.pulls.note(name, digest, start);
  await storage.uses.writeDue();
  await other.uses.writeDue();
  assert.equal(await written(), "2026-01-01T05:00:00.000Z");
});

test("what could not be written is written the next time", async (t) => {
  const { storage, written } = await twoProcesses(t);
  // No folder can be created where a file is.
  await storage.driver.write({ key: ".berth/pulled", content: Buffer.from("in the way") });
  storage.uses.pulls.note(name, digest, start);
  await assert.rejects(storage.uses.writeDue());
  await storage.driver.remove(".berth/pulled");
  await storage.uses.writeDue();
  assert.ok(await written());
});

test("a damaged record counts as none", async (t) => {
  const { storage } = await twoProcesses(t);
  await storage.driver.write({ key: layout.manifestPulled(name, digest), content: Buffer.from("yesterd") });
  assert.equal(await storage.uses.lastPull(name, digest), undefined);
});

test("a deleted manifest leaves no record, and is not written any more", async (t) => {
  const { storage } = await twoProcesses(t);
  storage.uses.pulls.note(name, digest, start);
  await storage.uses.writeDue();
  storage.uses.pulls.note(name, digest, start + 100 * minute);
  await storage.uses.forget(name, digest);
  await storage.uses.writeDue();
  assert.equal(await storage.uses.lastUse(name, digest), undefined);
});
