import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { countCalls } from "../../support/counted-driver.js";
import { patientContext, privateRepository } from "../../support/private-repository.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { Scope } from "../../support/scope.js";
import { storageAt, storageOnDisk } from "../../support/storage.js";

const source = parseRepositoryName("team/source");
const bytes = Buffer.from("a layer");
const context = patientContext();

test("a blob can be mounted as soon as another process has stored it", async (t) => {
  const { root, storage } = await storageOnDisk(new Scope(t));
  const repository = privateRepository(storage);
  assert.equal(await repository.mountBlob(digestOf(bytes), undefined, context), false);
  const { storage: other } = await storageAt(root);
  const digest = await storeBlob(other, source, bytes);
  assert.equal(await repository.mountBlob(digest, undefined, context), true);
  assert.equal((await repository.statBlob(digest, context)).size, bytes.length);
});

test("a blob whose bytes are missing is not mounted", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, source, bytes);
  await storage.driver.remove(layout.blob(digest));
  const repository = privateRepository((await storageAt(root)).storage);
  for (const from of [source, undefined]) assert.equal(await repository.mountBlob(digest, from, context), false);
});

test("an alias linked by the distribution registry is not mounted: the new link would point to nothing", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, source, bytes);
  const alias = digestOf(bytes, "sha512");
  await storage.links.put(layout.layerLink(source, alias), digest);
  const repository = privateRepository(storage);
  for (const from of [source, undefined]) assert.equal(await repository.mountBlob(alias, from, context), false);
  await assert.rejects(repository.statBlob(alias, context), { code: "BLOB_UNKNOWN" });
});

test("a mount costs the same, however many repositories there are, and finds what this process has seen", async () => {
  const counted = countCalls(new MemoryDriver());
  const storage = new Storage(counted.driver, 2, new RecordedLog());
  for (let index = 0; index < 400; index++)
    await storage.driver.write({ key: `${layout.repositories}/r${index}/_layers/x`, content: bytes });
  const unheld = await storeBlob(storage, source, Buffer.from("nobody holds it"));
  await storage.repository(source).removeBlob(unheld);
  const held = await storeBlob(storage, parseRepositoryName("zzz/last"), bytes);
  const repository = privateRepository(storage);
  counted.look();
  assert.equal(await repository.mountBlob(unheld, undefined, context), false);
  assert.ok(counted.look().total < 350);
  assert.equal(await repository.mountBlob(held, undefined, context), true);
});
