import { strict as assert } from "node:assert";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { isUploadId } from "../../../../src/storage/content/upload-store.js";
import { layout } from "../../../../src/storage/layout.js";
import { inOnePiece } from "../../../support/blob.js";
import { Scope } from "../../../support/scope.js";
import { storageAt, storageOnDisk } from "../../../support/storage.js";

const name = parseRepositoryName("team/app");
const elsewhere = parseRepositoryName("team/app/below");
const bytes = Buffer.from("content");

test("a session is empty at first, and records its start, as the distribution registry's purge expects", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const id = await storage.uploads.create(name, new Date("2024-02-29T12:34:56.789Z"));
  assert.ok(isUploadId(id));
  assert.equal(await storage.uploads.offset(name, id), 0);
  assert.deepEqual(await storage.uploads.list(name), [id]);
  assert.equal((await storage.driver.read(layout.uploadStart(name, id)))?.toString(), "2024-02-29T12:34:56Z");
});

test("a session belongs to its own repository only, and survives a restart", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const id = await storage.uploads.create(name, new Date());
  await storage.uploads.content(name, id).append(0, inOnePiece(bytes));
  const later = (await storageAt(root)).storage;
  assert.equal(await later.uploads.offset(name, id), bytes.length);
  assert.equal(await later.uploads.offset(elsewhere, id), undefined);
  assert.deepEqual(await later.uploads.list(elsewhere), []);
});

test("a session that another program began with only its content continues where that ends", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const id = "0f8fad5b-d9cb-469f-a165-70867728950e";
  await plant(root, layout.uploadContent(name, id), "content");
  assert.equal(await storage.uploads.offset(name, id), bytes.length);
});

test("the last use of a session is its start or its last growth, whichever is later", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const id = await storage.uploads.create(name, new Date());
  const [opened, grew] = [1_600_000_000, 1_700_000_000];
  await utimes(join(root, layout.uploadStart(name, id)), opened, opened);
  assert.equal(await storage.uploads.lastUse(name, id), opened * 1000);
  await storage.uploads.content(name, id).append(0, inOnePiece(bytes));
  await utimes(join(root, layout.uploadContent(name, id)), grew, grew);
  assert.equal(await storage.uploads.lastUse(name, id), grew * 1000);
  assert.equal(await storage.uploads.lastUse(elsewhere, id), undefined);
});

test("a cancelled or finished session leaves nothing but the blob", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const [cancelled, finished] = [
    await storage.uploads.create(name, new Date()),
    await storage.uploads.create(name, new Date()),
  ];
  for (const id of [cancelled, finished]) await storage.uploads.content(name, id).append(0, inOnePiece(bytes));
  await storage.uploads.remove(name, cancelled);
  const content = storage.uploads.content(name, finished);
  await storage.repository(name).addBlob(digestOf(bytes), content);
  await storage.uploads.close(content);
  for (const id of [cancelled, finished]) assert.equal(await storage.uploads.offset(name, id), undefined);
  assert.deepEqual(await storage.driver.staging.list(layout.uploads(name)), []);
  assert.equal((await storage.repository(name).findBlob(digestOf(bytes)))?.size, bytes.length);
});

test("what is not a session is ignored, whatever is stored among sessions", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const id = await storage.uploads.create(name, new Date());
  for (const junk of [".DS_Store", "lost+found/data", `${id}.bak/data`, `${id.toUpperCase()}X/data`])
    await plant(root, `${layout.uploads(name)}/${junk}`, "junk");
  assert.deepEqual(await storage.uploads.list(name), [id]);
});

for (const text of [
  "",
  ".",
  "..",
  "../../../_manifests",
  "0f8fad5b-d9cb-469f-a165-70867728950",
  "0f8fad5b-d9cb-469f-a165-70867728950e0",
  "0F8FAD5B-D9CB-469F-A165-70867728950E",
  "0f8fad5bd9cb469fa16570867728950e",
  "0f8fad5b-d9cb-469f-a165-70867728950e\n",
  "0f8fad5b/d9cb-469f-a165-70867728950e",
  "__proto__",
  "a".repeat(100_000),
]) {
  test(`${JSON.stringify(text.slice(0, 40))} (${text.length} characters) is no id of a session`, () => {
    assert.equal(isUploadId(text), false);
  });
}

test("content without a session is stored where a start removes leftovers, and in no repository", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const [one, other] = [storage.uploads.scratch(), storage.uploads.scratch()];
  for (const staged of [one, other]) await staged.append(0, inOnePiece(bytes));
  assert.equal((await storage.driver.staging.list(".berth/scratch")).length, 2);
  await one.discard();
  await storage.repository(name).addBlob(digestOf(bytes), other);
  assert.deepEqual(await storage.driver.staging.list(".berth/scratch"), []);
  assert.deepEqual(await storage.driver.staging.list(layout.uploads(name)), []);
});

async function plant(root: string, key: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, key)), { recursive: true });
  await writeFile(join(root, key), text);
}
