import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { layout } from "../../../src/storage/layout.js";
import { storeBlob } from "../../support/blob.js";
import { Scope } from "../../support/scope.js";
import { storageOnDisk } from "../../support/storage.js";

const name = parseRepositoryName("team/app");
const elsewhere = parseRepositoryName("other/app");
const bytes = Buffer.from("content");

test("a blob is stored once for all repositories, and each finds it only by its own link", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, name, bytes);
  assert.equal(await storage.repository(elsewhere).findBlob(digest), undefined);
  await storage.repository(elsewhere).linkBlob(digest);
  assert.deepEqual(await storage.repository(elsewhere).findBlob(digest), { content: digest, size: bytes.length });
  await storage.driver.remove(layout.layerLink(name, digest));
  assert.equal(await storage.repository(name).findBlob(digest), undefined);
  assert.ok(await storage.repository(elsewhere).findBlob(digest));
  assert.deepEqual(await storage.driver.list("docker/registry/v2/blobs/sha256"), [digest.slice(7, 9)]);
});

test("a link to missing content finds nothing, until it is pushed", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const digest = digestOf(bytes);
  await storage.repository(name).linkBlob(digest);
  assert.equal(await storage.repository(name).findBlob(digest), undefined);
  await storeBlob(storage, elsewhere, bytes);
  assert.ok(await storage.repository(name).findBlob(digest));
});

test("the same content under digests of two algorithms is two blobs", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const [sha256, sha512] = [digestOf(bytes), digestOf(bytes, "sha512")];
  await storeBlob(storage, name, bytes, sha256);
  assert.equal(await storage.repository(name).findBlob(sha512), undefined);
  await storeBlob(storage, name, bytes, sha512);
  assert.equal((await storage.repository(name).findBlob(sha512))?.content, sha512);
  assert.equal((await storage.repository(name).findBlob(sha256))?.content, sha256);
});

test("a repository is known to hold a blob once it was added or linked there", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, name, bytes);
  await storage.repository(elsewhere).linkBlob(digest);
  assert.deepEqual([...storage.holders.known(digest)].sort(), [elsewhere, name].sort());
});
