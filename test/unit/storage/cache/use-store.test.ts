import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { layout } from "../../../../src/storage/layout.js";
import { Scope } from "../../../support/scope.js";
import { storageAt, storageOnDisk } from "../../../support/storage.js";

const name = parseRepositoryName("library/app");
const digest = digestOf(Buffer.from("manifest"));
const start = Date.parse("2026-01-01T00:00:00Z");
const second = 1_000;

test("a use is known here at once, and to other processes once it was written", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const { storage: other } = await storageAt(root);
  assert.equal(await storage.uses.lastUse(name, digest), undefined);
  storage.uses.touch(name, digest, start);
  assert.equal(await storage.uses.lastUse(name, digest), start);
  assert.equal(await other.uses.lastUse(name, digest), undefined);
  await storage.uses.write();
  assert.equal(await other.uses.lastUse(name, digest), start);
  other.uses.touch(name, digest, start - second);
  assert.equal(await other.uses.lastUse(name, digest), start);
});

test("uses in quick succession are written once, and again after some minutes", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const written = async () => (await storage.driver.read(layout.manifestUsed(name, digest)))?.toString();
  for (const seconds of [0, 1, 200]) {
    storage.uses.touch(name, digest, start + seconds * second);
    await storage.uses.write();
    assert.equal(await written(), "2026-01-01T00:00:00.000Z");
  }
  storage.uses.touch(name, digest, start + 400 * second);
  await storage.uses.write();
  assert.equal(await written(), "2026-01-01T00:06:40.000Z");
});

test("what could not be written is written the next time", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  // No folder can be created where a file is.
  await storage.driver.write({ key: ".berth/cached", content: Buffer.from("in the way") });
  storage.uses.touch(name, digest, start);
  await assert.rejects(storage.uses.write());
  await storage.driver.remove(".berth/cached");
  await storage.uses.write();
  assert.ok(await storage.driver.read(layout.manifestUsed(name, digest)));
});

test("a damaged record counts as none", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  await storage.driver.write({ key: layout.manifestUsed(name, digest), content: Buffer.from("yesterd") });
  assert.equal(await storage.uses.lastUse(name, digest), undefined);
});

test("a deleted manifest leaves no record, and is not written any more", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  storage.uses.touch(name, digest, start);
  await storage.uses.write();
  storage.uses.touch(name, digest, start + 1_000 * second);
  await storage.uses.forget(name, digest);
  await storage.uses.write();
  assert.equal(await storage.uses.lastUse(name, digest), undefined);
});
