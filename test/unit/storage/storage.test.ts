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

test("a blob lies once for all repositories, and each finds it only by a link of its own", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, name, bytes);
  assert.equal(await storage.findBlob(elsewhere, digest), undefined);
  await storage.linkBlob(elsewhere, digest);
  assert.deepEqual(await storage.findBlob(elsewhere, digest), { content: digest, size: bytes.length });
  await storage.links.remove(layout.layerLink(name, digest));
  assert.equal(await storage.findBlob(name, digest), undefined);
  assert.ok(await storage.findBlob(elsewhere, digest));
  assert.deepEqual(await storage.driver.list("docker/registry/v2/blobs/sha256"), [digest.slice(7, 9)]);
});

test("a link to what is not stored finds nothing, until it is pushed", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const digest = digestOf(bytes);
  await storage.linkBlob(name, digest);
  assert.equal(await storage.findBlob(name, digest), undefined);
  await storeBlob(storage, elsewhere, bytes);
  assert.ok(await storage.findBlob(name, digest));
});

test("one content under digests of two algorithms is two blobs", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const [sha256, sha512] = [digestOf(bytes), digestOf(bytes, "sha512")];
  await storeBlob(storage, name, bytes, sha256);
  assert.equal(await storage.findBlob(name, sha512), undefined);
  await storeBlob(storage, name, bytes, sha512);
  assert.equal((await storage.findBlob(name, sha512))?.content, sha512);
  assert.equal((await storage.findBlob(name, sha256))?.content, sha256);
});

test("a repository is known to hold a blob once it was given or linked there", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, name, bytes);
  await storage.linkBlob(elsewhere, digest);
  assert.deepEqual([...storage.knownHolders(digest)].sort(), [elsewhere, name].sort());
});
