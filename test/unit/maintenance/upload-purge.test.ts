import { strict as assert } from "node:assert";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { purgeUploads, UploadPurge } from "../../../src/maintenance/upload-purge.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { inOnePiece } from "../../support/blob.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { Scope } from "../../support/scope.js";
import { storageAt, storageOnDisk } from "../../support/storage.js";
import { waitUntil } from "../../support/wait-until.js";

const name = parseRepositoryName("team/app");
const longAgo = new Date("2020-01-01T00:00:00Z");
const since = new Date("2021-01-01T00:00:00Z").getTime();
const bytes = Buffer.from("some bytes");

test("a session that received nothing for too long is deleted, including what another program left in it", async (t) => {
  const { storage, root, log } = await storageOnDisk(new Scope(t));
  const abandoned = await session(storage, root);
  await mkdir(join(folderOf(root, abandoned), "hashstates/sha256"), { recursive: true });
  await writeFile(join(folderOf(root, abandoned), "hashstates/sha256/10"), "state");
  const untouched = await storage.uploads.create(name, longAgo);
  await age(root, untouched);
  const fresh = await storage.uploads.create(name, new Date());
  await purgeUploads(storage, since, log);
  assert.deepEqual(await storage.uploads.list(name), [fresh]);
  assert.equal(log.named("abandoned upload purged").length, 2);
});

test("a session that was opened long ago and received something recently is kept", async (t) => {
  const { storage, root, log } = await storageOnDisk(new Scope(t));
  const id = await session(storage, root);
  await storage.uploads.content(name, id).append(bytes.length, inOnePiece(bytes));
  await purgeUploads(storage, since, log);
  assert.equal(await storage.uploads.offset(name, id), 2 * bytes.length);
});

test("a session that is continued while its purge waits is kept", async (t) => {
  const { storage, root, log } = await storageOnDisk(new Scope(t));
  const { storage: other } = await storageAt(root);
  for (const holder of [storage, other]) {
    const id = await session(storage, root);
    let purged: Promise<void> | undefined;
    await holder.uploads.locked(id, async () => {
      purged = purgeUploads(storage, since, log);
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      await holder.uploads.content(name, id).append(bytes.length, inOnePiece(bytes));
    });
    await purged;
    assert.equal(await storage.uploads.offset(name, id), 2 * bytes.length);
  }
});

test("what is not a session is left alone", async (t) => {
  const { storage, root, log } = await storageOnDisk(new Scope(t));
  await session(storage, root);
  const uploads = join(root, layout.uploads(name));
  for (const junk of ["x", "not-a-uuid", "..."]) await mkdir(join(uploads, junk));
  await writeFile(join(uploads, ".DS_Store"), "");
  await purgeUploads(storage, since, log);
  assert.deepEqual((await readdir(uploads)).sort(), ["...", ".DS_Store", "not-a-uuid", "x"]);
});

test("a session that cannot be purged does not keep the others from being purged", async () => {
  const log = new RecordedLog();
  const driver = new MemoryDriver();
  const storage = new Storage(driver, 0, log);
  const ids = [];
  for (let count = 0; count < 3; count++) ids.push(await storage.uploads.create(name, longAgo));
  const [stubborn = ""] = (await storage.uploads.list(name)).slice(1);
  const remove = driver.staging.remove.bind(driver.staging);
  driver.staging.remove = (key) => (key.endsWith(stubborn) ? Promise.reject(new Error("EIO")) : remove(key));
  await purgeUploads(storage, Date.now() + 1, log);
  assert.deepEqual(await storage.uploads.list(name), [stubborn]);
  assert.equal(log.named("abandoned upload could not be purged").length, 1);
});

test("uploads are purged from time to time until the purge is stopped", async () => {
  const log = new RecordedLog();
  const storage = new Storage(new MemoryDriver(), 0, log);
  const purge = new UploadPurge(storage, { expire: 1, purgeInterval: 5 }, log);
  await storage.uploads.create(name, longAgo);
  await waitUntil("the session is purged", async () => (await storage.uploads.list(name)).length === 0 || undefined);
  purge.stop();
});

/** A session that received something, long ago. */
async function session(storage: Storage, root: string): Promise<string> {
  const id = await storage.uploads.create(name, longAgo);
  await storage.uploads.content(name, id).append(0, inOnePiece(bytes));
  await age(root, id);
  return id;
}

async function age(root: string, id: string): Promise<void> {
  for (const file of await readdir(folderOf(root, id))) await utimes(join(folderOf(root, id), file), longAgo, longAgo);
}

function folderOf(root: string, id: string): string {
  return join(root, layout.uploads(name), id);
}
