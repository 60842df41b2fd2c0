import { strict as assert } from "node:assert";
import { mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { type Digest, digestOf } from "../../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { layout } from "../../../../src/storage/layout.js";
import type { Storage } from "../../../../src/storage/storage.js";
import { inOnePiece, storeBlob } from "../../../support/blob.js";
import { seededBytes } from "../../../support/content.js";
import { Scope } from "../../../support/scope.js";
import { pausableStorageAt, storageAt, storageOnDisk } from "../../../support/storage.js";
import { waitUntil } from "../../../support/wait-until.js";

const name = parseRepositoryName("team/app");
const elsewhere = parseRepositoryName("team/other");
const small = seededBytes("small", 1000);
const large = seededBytes("large", 700_000);
const empty = Buffer.alloc(0);

for (const [what, bytes] of [
  ["small", small],
  ["large", large],
  ["empty", empty],
] as const) {
  test(`a ${what} blob is read byte for byte, from memory and from the disk`, async (t) => {
    const { storage, root } = await storageOnDisk(new Scope(t));
    for (const digest of [digestOf(bytes), digestOf(bytes, "sha512")]) {
      await storeBlob(storage, name, bytes, digest);
      for (const opened of [storage, storage, (await storageAt(root)).storage]) {
        assert.deepEqual(await opened.repository(name).findBlob(digest), { content: digest, size: bytes.length });
        assert.deepEqual(await contentOf(opened, digest), bytes);
        assert.equal(await opened.repository(elsewhere).findBlob(digest), undefined);
      }
    }
  });
}

for (const [what, damage] of [
  ["lost", rm],
  ["empty", truncate],
  ["torn", (path: string) => truncate(path, 10)],
  ["full of zeros", (path: string) => writeFile(path, Buffer.alloc(small.length))],
] as const) {
  test(`a small blob that is ${what} is absent for every request, and healed by a push`, async (t) => {
    const { storage, root } = await storageOnDisk(new Scope(t));
    const digest = await storeBlob(storage, name, small);
    await damage(join(root, layout.blob(digest)));
    const { storage: fresh } = await storageAt(root);
    assert.equal(await fresh.repository(name).findBlob(digest), undefined);
    assert.equal(await fresh.blobs.open(digest), undefined);
    await storeBlob(fresh, name, small);
    assert.deepEqual(await contentOf(fresh, digest), small);
  });
}

test("a large blob that was emptied counts as missing, and the damage is logged", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, name, large);
  await truncate(join(root, layout.blob(digest)));
  const { storage: fresh, log } = await storageAt(root);
  assert.equal(await fresh.repository(name).findBlob(digest), undefined);
  assert.equal(log.events[0]?.level, "error");
  assert.equal(log.events[0]?.fields.digest, digest);
});

test("verification removes damaged content, and nothing else", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, name, large);
  assert.equal(await storage.blobs.verify(digest, new AbortController().signal), true);
  await truncate(join(root, layout.blob(digest)), 600_000);
  await settled(storage, digest);
  assert.equal(await storage.blobs.verify(digest, new AbortController().signal), false);
  assert.equal(await storage.repository(name).findBlob(digest), undefined);
  assert.equal(await storage.blobs.verify(digest, new AbortController().signal), false);
});

test("content that is pushed while its damaged predecessor is verified is kept", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const digest = digestOf(large);
  for (let round = 0; round < 12; round++) {
    await storeBlob(storage, name, large);
    await truncate(join(root, layout.blob(digest)), 600_000);
    const staged = storage.uploads.scratch();
    await staged.append(0, inOnePiece(large));
    await settled(storage, digest);
    const verified = storage.blobs.verify(digest, new AbortController().signal);
    for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
    await Promise.all([verified, storage.repository(name).addBlob(digest, staged)]);
    assert.deepEqual(await readFile(join(root, layout.blob(digest))), large, `round ${round}`);
  }
});

test("a push is not refused because its bytes are just being taken for their damaged predecessor", async (t) => {
  const root = await new Scope(t).folder("data");
  const { storage, driver } = await pausableStorageAt(root);
  const digest = digestOf(large);
  const key = layout.blob(digest);
  await storeBlob(storage, name, large);
  await truncate(join(root, key), 600_000);
  const staged = storage.uploads.scratch();
  await staged.append(0, inOnePiece(large));
  await settled(storage, digest);
  const removal = driver.pauseBefore("withdraw", key);
  const verified = storage.blobs.verify(digest, new AbortController().signal);
  await removal.reached;
  const stored = driver.pauseAfter("commit", key);
  const added = storage.repository(name).addBlob(digest, staged);
  await stored.reached;
  const taken = driver.pauseAfter("withdraw", key);
  removal.resume();
  await taken.reached;
  stored.resume();
  await added;
  taken.resume();
  await verified;
  assert.deepEqual(await readFile(join(root, key)), large);
});

test("what a killed removal has left aside does not replace good bytes that were pushed since", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, name, large);
  await truncate(join(root, layout.blob(digest)), 600_000);
  await storage.blobs.aside.set(digest);
  await storeBlob(storage, name, large);
  await storage.blobs.aside.putBack(digest);
  assert.deepEqual(await readFile(join(root, layout.blob(digest))), large);
  assert.deepEqual(await storage.blobs.aside.list(), []);
});

test("a blob that the distribution registry linked by another algorithm is read from where it is stored", async (t) => {
  const { storage } = await storageOnDisk(new Scope(t));
  const digest = await storeBlob(storage, name, small);
  const alias = digestOf(small, "sha512");
  await storage.links.put(layout.layerLink(name, alias), digest);
  assert.deepEqual(await storage.repository(name).findBlob(alias), { content: digest, size: small.length });
});

test("a folder in place of content counts as missing content", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const digest = digestOf(small);
  await mkdir(join(root, layout.blob(digest)), { recursive: true });
  await storage.links.put(layout.layerLink(name, digest), digest);
  assert.equal(await storage.repository(name).findBlob(digest), undefined);
  assert.equal(await storage.blobs.open(digest), undefined);
});

test("a file in place of a folder counts as missing content", async (t) => {
  const { storage, root } = await storageOnDisk(new Scope(t));
  const digest = digestOf(small);
  const folder = dirname(join(root, layout.blob(digest)));
  await mkdir(dirname(folder), { recursive: true });
  await writeFile(folder, "junk");
  assert.equal(await storage.blobs.size(digest), undefined);
  assert.equal(await storage.blobs.open(digest), undefined);
});

async function contentOf(storage: Storage, digest: Digest): Promise<Buffer> {
  const reader = await storage.blobs.open(digest);
  assert.ok(reader);
  const into = Buffer.alloc(reader.size + 1);
  const count = await reader.read(into, 0);
  await reader.close();
  return into.subarray(0, count);
}

/** A very recent change could hide another one. */
async function settled(storage: Storage, digest: Digest): Promise<void> {
  await waitUntil("the version settles", async () => (await storage.driver.stat(layout.blob(digest)))?.version);
}
