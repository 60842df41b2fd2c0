import { strict as assert } from "node:assert";
import type { OutgoingHttpHeaders } from "node:http";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { removeCachedRepository } from "../../src/storage/content/repository-removal.js";
import { layout } from "../../src/storage/layout.js";
import { seededBytes } from "../support/content.js";
import { wrongBytes } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { pausableStorageAt } from "../support/storage.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 300_000);
const digest = digestOf(layer);
const path = `/v2/${name}/blobs/${digest}`;
const lock = `download ${digest}`;

/** A cache that the test can pause between two steps of a download. */
async function runCache(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const { root, driver, storage } = await pausableStorageAt(await scope.folder("cache"));
  return { fake, driver, ...(await runProxy(scope, fake.url, { root, opened: storage })) };
}

test("a download that loses its lock after its last byte stores nothing before it has the lock again", async (t) => {
  const { client, driver, storage } = await runCache(new Scope(t));
  const arrived = driver.pauseAfter("append", layout.download(digest));
  const answer = client.get(path);
  await arrived.reached;
  driver.loseLock(lock);
  const again = driver.pauseBefore("locked", lock);
  arrived.resume();
  await Promise.race([again.reached, answer]);
  assert.equal(await storage.blobs.size(digest), undefined);
  again.resume();
  assert.ok((await answer).body.equals(layer));
  assert.equal(await storage.blobs.size(digest), layer.length);
});

test("a client that looked for a blob before its download ended causes no second request", async (t) => {
  const { client, driver, fake } = await runCache(new Scope(t));
  const isAbsent = driver.pauseAfter("stat", layout.layerLink(name, digest));
  const late = client.get(path);
  await isAbsent.reached;
  assert.ok((await client.get(path)).body.equals(layer));
  isAbsent.resume();
  assert.ok((await late).body.equals(layer));
  assert.equal(fake.ledger.count({ kind: "blob" }), 1);
});

test("a repository that is deleted while its blob arrives belongs to the upstream again when the blob is stored", async (t) => {
  const { client, driver, storage } = await runCache(new Scope(t));
  const arrived = driver.pauseAfter("append", layout.download(digest));
  const answer = client.get(path);
  await arrived.reached;
  await removeCachedRepository(storage, name);
  arrived.resume();
  assert.ok((await answer).body.equals(layer));
  assert.equal(await storage.owners.readOwner(name), "docker.io");
});

test("a client that arrives while wrong bytes are deleted does not join them", { timeout: 60_000 }, async (t) => {
  const { client, driver, fake } = await runCache(new Scope(t));
  fake.faults.add({ kind: "blob", method: "GET" }, wrongBytes, { times: 1 });
  const dropping = driver.pauseBefore("invalidate", layout.download(digest));
  const first = client.get(path).then(
    () => "whole",
    () => "broken off",
  );
  await dropping.reached;
  const second = client.get(path);
  // It has come as far as the lock, which the first one still holds.
  const waiting = driver.pauseBefore("lock", lock);
  await Promise.race([waiting.reached, second.catch(() => {})]);
  dropping.resume();
  waiting.resume();
  assert.equal(await first, "broken off");
  assert.ok((await second).body.equals(layer));
});

test("bytes of another repository that are evicted while they are linked are downloaded", async (t) => {
  const { client, driver, fake, storage } = await runCache(new Scope(t));
  const other = parseRepositoryName("library/busybox");
  fake.store.addImage(other, [layer], "latest");
  assert.ok((await client.get(path)).body.equals(layer));
  const linking = driver.pauseBefore("write", layout.layerLink(other, digest));
  const answer = client.get(`/v2/${other}/blobs/${digest}`);
  await linking.reached;
  await removeCachedRepository(storage, name);
  await driver.remove(layout.blob(digest));
  linking.resume();
  assert.ok((await answer).body.equals(layer));
  assert.ok((await client.get(`/v2/${other}/blobs/${digest}`)).body.equals(layer));
});

test("bytes downloaded for another repository that are evicted while they are linked are downloaded again", async (t) => {
  const { client, driver, fake, storage } = await runCache(new Scope(t));
  const other = parseRepositoryName("library/busybox");
  fake.store.addImage(other, [layer], "latest");
  const waiting = driver.pauseBefore("lock", lock);
  const answer = client.get(`/v2/${other}/blobs/${digest}`);
  await waiting.reached;
  assert.ok((await client.get(path)).body.equals(layer));
  const linking = driver.pauseBefore("write", layout.layerLink(other, digest));
  waiting.resume();
  await linking.reached;
  await removeCachedRepository(storage, name);
  await driver.remove(layout.blob(digest));
  linking.resume();
  assert.ok((await answer).body.equals(layer));
  assert.equal(await storage.blobs.size(digest), layer.length);
});

const followers = {
  "the whole blob": {},
  "the whole blob, whose size it knows,": { size: layer.length },
  "a part": { size: layer.length, headers: { Range: "bytes=0-99999" } },
  "the end": { size: layer.length, headers: { Range: "bytes=200000-" } },
};

for (const [what, { size, headers }] of Object.entries<{ size?: number; headers?: OutgoingHttpHeaders }>(followers)) {
  test(`a client that reads ${what} from a file is cut off if another process replaces that file by the blob`, async (t) => {
    const scope = new Scope(t);
    const { client, fake, driver, root, storage } = await runCache(scope);
    const other = await pausableStorageAt(root);
    const follower = await runProxy(scope, fake.url, { root, opened: other.storage });
    await storage.downloads.staged(digest).append(0, onlyPiece(Buffer.alloc(layer.length + 1, "wrong")));
    if (size !== undefined) await storage.downloads.noteSize(digest, size);
    const begun = driver.pauseAfter("openStaged", layout.download(digest));
    const first = client.get(path);
    await begun.reached;
    const reading = other.driver.pauseAfter("openStaged", layout.download(digest));
    const second = assert.rejects(follower.client.get(path, headers));
    await reading.reached;
    reading.resume();
    begun.resume();
    assert.ok((await first).body.equals(layer));
    await second;
    assert.ok((await follower.client.get(path)).body.equals(layer));
  });
}

for (const [what, { size, headers }] of Object.entries<{ size?: number; headers?: OutgoingHttpHeaders }>(followers)) {
  test(`a client that reads ${what} from a file is cut off if the file was removed, and another one became the blob`, async (t) => {
    const scope = new Scope(t);
    const { client, fake, driver, root, storage } = await runCache(scope);
    const other = await pausableStorageAt(root);
    const follower = await runProxy(scope, fake.url, { root, opened: other.storage });
    await storage.downloads.staged(digest).append(0, onlyPiece(Buffer.alloc(layer.length + 1, "wrong")));
    if (size !== undefined) await storage.downloads.noteSize(digest, size);
    const begun = driver.pauseBefore("openStaged", layout.download(digest));
    const first = client.get(path);
    await begun.reached;
    const reading = other.driver.pauseAfter("openStaged", layout.download(digest));
    const second = assert.rejects(follower.client.get(path, headers));
    await reading.reached;
    reading.resume();
    await storage.downloads.staged(digest).discard();
    begun.resume();
    assert.ok((await first).body.equals(layer));
    await second;
    assert.ok((await follower.client.get(path)).body.equals(layer));
  });
}

async function* onlyPiece(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
