import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import { mediaTypes } from "../../../../src/oci/media-types.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { linkTo } from "../../../../src/storage/content/link-store.js";
import { removeUnlinked } from "../../../../src/storage/content/unlinked-blobs.js";
import { layout } from "../../../../src/storage/layout.js";
import type { Storage } from "../../../../src/storage/storage.js";
import { manifestOf, seededBytes } from "../../../support/content.js";
import { Scope } from "../../../support/scope.js";
import { pausableStorageAt, storageAt, storageOnDisk } from "../../../support/storage.js";

const mine = parseRepositoryName("team/app");
const content = seededBytes("content", 2_000);
const digest = digestOf(content);

/** Two storages on one folder, as in two processes: one evicts, and both can be paused between two steps. */
async function evictorAndWriter(t: TestContext) {
  const root = await new Scope(t).folder("data");
  const [evictor, writer] = [await pausableStorageAt(root), await pausableStorageAt(root)];
  await store(evictor.storage, content);
  return { evictor, writer };
}

async function store(storage: Storage, bytes: Buffer): Promise<void> {
  await storage.driver.write({ key: layout.blob(digestOf(bytes)), content: bytes });
}

async function isStored(storage: Storage): Promise<boolean> {
  return (await storage.driver.stat(layout.blob(digest))) !== undefined;
}

async function addBlob(storage: Storage): Promise<void> {
  const staged = storage.uploads.scratch();
  await staged.append(0, only(content));
  await storage.repository(mine).addBlob(digest, staged);
}

async function putManifest(storage: Storage): Promise<void> {
  const descriptor = { mediaType: mediaTypes.ociManifest, digest, size: content.length };
  await storage.manifests.put(mine, { descriptor, bytes: content });
}

const linkOf = { blob: layout.layerLink(mine, digest), manifest: layout.revisionLink(mine, digest) };

test("a blob that is stored again while its bytes are being deleted is stored: its link comes first", async (t) => {
  const { evictor, writer } = await evictorAndWriter(t);
  const linking = writer.driver.pauseBefore("write", linkOf.blob);
  const adding = addBlob(writer.storage);
  await linking.reached;
  assert.equal(await removeUnlinked(evictor.storage, [digest]), content.length);
  linking.resume();
  await adding;
  assert.equal(await isStored(evictor.storage), true);
});

test("a new blob whose bytes are deleted before its link is written is not reported as stored", async (t) => {
  const { evictor, writer } = await evictorAndWriter(t);
  assert.equal(await removeUnlinked(evictor.storage, [digest]), content.length);
  const linking = writer.driver.pauseBefore("write", linkOf.blob);
  const adding = assert.rejects(addBlob(writer.storage), /evicted while they were stored/);
  await linking.reached;
  assert.equal(await removeUnlinked(evictor.storage, [digest]), content.length);
  linking.resume();
  await adding;
  assert.equal(await isStored(evictor.storage), false);
});

test("a manifest whose bytes are deleted before its link is written is written again", async (t) => {
  const { evictor, writer } = await evictorAndWriter(t);
  const linking = writer.driver.pauseBefore("write", linkOf.manifest);
  const putting = putManifest(writer.storage);
  await linking.reached;
  assert.equal(await removeUnlinked(evictor.storage, [digest]), content.length);
  linking.resume();
  await putting;
  assert.equal(await isStored(evictor.storage), true);
});

test("a caller that links bytes that are deleted before that is told that they are gone", async (t) => {
  const { evictor, writer } = await evictorAndWriter(t);
  const linking = writer.driver.pauseBefore("write", linkOf.blob);
  const linked = writer.storage.repository(mine).linkBlob(digest);
  await linking.reached;
  assert.equal(await removeUnlinked(evictor.storage, [digest]), content.length);
  linking.resume();
  assert.equal(await linked, false);
});

const writers = {
  "a blob that is stored": addBlob,
  "a manifest that is stored": putManifest,
  "a blob that is linked": async (storage: Storage) =>
    assert.equal(await storage.repository(mine).linkBlob(digest), true),
};

for (const [what, write] of Object.entries(writers)) {
  test(`${what} while its bytes are set aside has them back before success is reported`, async (t) => {
    const { evictor, writer } = await evictorAndWriter(t);
    const linking = writer.driver.pauseAfter("write", /\/link$/);
    const writing = write(writer.storage);
    await linking.reached;
    // As an eviction that is killed after it has set them aside.
    assert.equal(await evictor.storage.blobs.aside.set(digest), content.length);
    linking.resume();
    await writing;
    assert.equal(await isStored(evictor.storage), true);
  });

  test(`${what} after its bytes were set aside is kept: the eviction sees the link`, async (t) => {
    const { evictor, writer } = await evictorAndWriter(t);
    const moved = evictor.driver.pauseAfter("withdraw", layout.evicting(digest));
    const removing = removeUnlinked(evictor.storage, [digest]);
    await moved.reached;
    await write(writer.storage);
    moved.resume();
    assert.equal(await removing, 0);
    assert.equal(await isStored(writer.storage), true);
    assert.deepEqual(await writer.storage.blobs.aside.list(), []);
  });
}

test("bytes with a link in any repository are kept, as a blob or as a manifest", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const [blob, manifest, free] = [seededBytes("blob", 10), seededBytes("manifest", 10), seededBytes("free", 10)];
  for (const content of [blob, manifest, free]) await store(storage, content);
  await storage.driver.write(
    linkTo(layout.layerLink(mine, digestOf(blob)), digestOf(blob)),
    linkTo(layout.revisionLink(mine, digestOf(manifest)), digestOf(manifest)),
  );
  assert.equal(
    await removeUnlinked(
      storage,
      [blob, manifest, free].map((content) => digestOf(content)),
    ),
    10,
  );
  assert.equal(await storage.blobs.storedSize(digestOf(free)), undefined);
  for (const content of [blob, manifest]) assert.equal(await storage.blobs.storedSize(digestOf(content)), 10);
});

test("bytes that distribution linked below a digest of another algorithm are kept", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const content = manifestOf({ mediaType: mediaTypes.ociManifest }).bytes;
  await store(storage, content);
  const other = digestOf(content, "sha512");
  await storage.driver.write(linkTo(layout.layerLink(mine, other), digestOf(content)));
  assert.equal(await removeUnlinked(storage, [digestOf(content)]), 0);
  assert.equal(await storage.blobs.storedSize(digestOf(content)), content.length);
});

test("a deleted blob is missing, even if it was in memory, here and in another process", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const { storage: other } = await storageAt(root);
  const content = seededBytes("content", 100);
  await store(storage, content);
  for (const one of [storage, other]) await (await one.blobs.open(digestOf(content)))?.close();
  await removeUnlinked(storage, [digestOf(content)]);
  for (const one of [storage, other]) assert.equal(await one.blobs.size(digestOf(content)), undefined);
  assert.equal(await other.repository(mine).linkBlob(digestOf(content)), false);
});

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
