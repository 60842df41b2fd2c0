import { strict as assert } from "node:assert";
import { open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Digest, Digester, digestOf } from "../../../src/oci/digest.js";
import { RegistryError } from "../../../src/oci/errors.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { LockError } from "../../../src/oci/storage-error.js";
import { RunningHashes } from "../../../src/private/running-hashes.js";
import type { PushRepository } from "../../../src/registry/repository.js";
import { wholeBlob } from "../../../src/registry/span-reader.js";
import { layout } from "../../../src/storage/layout.js";
import { chunk, patientContext, privateRepository } from "../../support/private-repository.js";
import { Scope } from "../../support/scope.js";
import { pausableStorageAt, storageAt, storageOnDisk } from "../../support/storage.js";

const context = patientContext();
const ours = digestOf(Buffer.from("ours"));

test("bytes that another process wrote instead of ours are not committed with our hash", async (t) => {
  const { root, here, elsewhere } = await twoProcesses(new Scope(t));
  const { id } = await here.uploads.start("sha256", context);
  await here.uploads.append(id, chunk("ours"), context);
  // As after a failed sync, in any process.
  await emptyContent(root, id);
  await elsewhere.uploads.append(id, chunk("else"), context);
  await assertRefused(here, id, ours);
  await assert.rejects(here.openBlob(ours, wholeBlob, context), RegistryError);
});

test("bytes of a holder whose lock was taken over are not committed with its hash", async (t) => {
  const { root, here, elsewhere } = await twoProcesses(new Scope(t));
  const { id } = await here.uploads.start("sha256", context);
  const heldUp = async function* () {
    for (const lock of await readdir(join(root, ".berth/locks"))) await unlink(join(root, ".berth/locks", lock));
    await elsewhere.uploads.append(id, chunk("else"), context);
    yield Buffer.from("ours");
  };
  const content = { break: () => {}, [Symbol.asyncIterator]: heldUp };
  await assert.rejects(here.uploads.append(id, { content }, context), LockError);
  await overwriteContent(root, id, "else");
  await assertRefused(here, id, ours);
});

test("an upload that loses its lock before it ends is not committed, and stays as it is", async (t) => {
  const scope = new Scope(t);
  const { storage, driver } = await pausableStorageAt(await scope.folder("data"));
  const here = privateRepository(storage);
  const { id } = await here.uploads.start("sha256", context);
  const appended = driver.pauseAfter("append", layout.uploadContent(parseRepositoryName("team/app"), id));
  const finished = assert.rejects(here.uploads.finish(id, ours, chunk("ours"), context), LockError);
  await appended.reached;
  driver.loseLock(`upload ${id}`);
  appended.resume();
  await finished;
  await assert.rejects(here.openBlob(ours, wholeBlob, context), RegistryError);
  assert.equal((await here.uploads.get(id, context)).offset, "ours".length);
});

test("a hash in memory that the claimed digest contradicts is not believed: the stored bytes decide", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const name = parseRepositoryName("team/app");
  const id = await storage.uploads.create(name, new Date());
  const content = storage.uploads.content(name, id);
  await content.append(0, chunk("ours").content);
  const other = new Digester("sha256");
  other.update(Buffer.from("else"));
  const hashes = new RunningHashes();
  hashes.keep(id, other, await content.stat());
  assert.equal(await hashes.digest(id, ours, content, "ours".length), ours);
});

async function twoProcesses(scope: Scope) {
  const { root, storage } = await storageOnDisk(scope);
  return { root, here: privateRepository(storage), elsewhere: privateRepository((await storageAt(root)).storage) };
}

async function assertRefused(repository: PushRepository, id: string, digest: Digest): Promise<void> {
  const finished = repository.uploads.finish(id, digest, chunk(), context);
  await assert.rejects(finished, (error) => error instanceof RegistryError && error.code === "DIGEST_INVALID");
}

async function emptyContent(root: string, id: string): Promise<void> {
  const file = await open(contentPath(root, id), "r+");
  await file.truncate();
  await file.close();
}

async function overwriteContent(root: string, id: string, text: string): Promise<void> {
  const file = await open(contentPath(root, id), "r+");
  await file.write(text, 0);
  await file.close();
}

function contentPath(root: string, id: string): string {
  return join(root, layout.uploadContent(parseRepositoryName("team/app"), id));
}
