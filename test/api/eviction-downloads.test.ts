import { strict as assert } from "node:assert";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { layout } from "../../src/storage/layout.js";
import type { Storage } from "../../src/storage/storage.js";
import { pullBlob, pullWhole, seededBytes } from "../support/content.js";
import { stallAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { storageAt, storageOnDisk } from "../support/storage.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/app");
const minute = 60_000;
const day = 24 * 60 * minute;

/** What a download that was interrupted some time ago has left. */
async function leaveDownload({ storage, root }: { storage: Storage; root: string }, text: string, ageMs: number) {
  const digest = digestOf(Buffer.from(text));
  await storage.downloads.staged(digest).append(0, only(seededBytes(text, 50_000)));
  const time = new Date(Date.now() - ageMs);
  await utimes(join(root, layout.download(digest)), time, time);
  return digest;
}

async function unfinished(storage: Storage): Promise<Digest[]> {
  return (await storage.downloads.list()).map(({ digest }) => digest);
}

test("an unfinished download that no client resumed counts for the size, and is evicted in its turn", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [seededBytes("layer", 50_000)], "latest");
  const proxy = await runProxy(scope, fake.url, { maxSize: 10_000_000 });
  await pullWhole(proxy.client, name, "latest");
  const older = await leaveDownload(proxy, "older", 30 * minute);
  const newer = await leaveDownload(proxy, "newer", -minute);
  assert.equal(await proxy.eviction.makeRoom(1), 50_000);
  assert.deepEqual(await unfinished(proxy.storage), [newer]);
  assert.equal(proxy.log.named("unfinished download evicted")[0]?.digest, older);
  assert.equal(await proxy.storage.manifests.has(name, image.descriptor.digest), true);
  await proxy.eviction.makeRoom(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(await unfinished(proxy.storage), []);
});

test("a running download is left alone, by any process", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const layer = seededBytes("large", 3_000_000);
  fake.store.addImage(name, [layer], "latest");
  fake.faults.add({ kind: "blob" }, stallAt(2_000_000));
  const proxy = await runProxy(scope, fake.url, { maxSize: layer.length });
  await proxy.client.get(`/v2/${name}/manifests/latest`);
  const pulling = pullBlob(proxy.client, name, digestOf(layer));
  pulling.catch(() => {});
  await waitUntil("some of it has arrived", async () =>
    (await unfinished(proxy.storage)).length > 0 ? true : undefined,
  );
  await proxy.eviction.makeRoom(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(await unfinished(proxy.storage), [digestOf(layer)]);
  assert.ok(proxy.log.events.some(({ event }) => event.startsWith("the cache is still too large")));
  const { storage: other } = await storageAt(proxy.root);
  const [download] = await other.downloads.list();
  assert.ok(download);
  assert.equal(await other.downloads.discard(download), false, "another process could not see that it is running");
});

test("remains of a day ago are deleted without any limit, and younger ones are kept", async (t) => {
  const scope = new Scope(t);
  const { storage, root } = await storageOnDisk(scope);
  const abandoned = await leaveDownload({ storage, root }, "abandoned", day + minute);
  const recent = await leaveDownload({ storage, root }, "recent", day - 10 * minute);
  const fake = await FakeUpstream.start(scope);
  const proxy = await runProxy(scope, fake.url, { root });
  await waitUntil("it is purged", () => proxy.log.named("abandoned download purged")[0]);
  assert.equal(proxy.log.named("abandoned download purged")[0]?.digest, abandoned);
  assert.deepEqual(await unfinished(storage), [recent]);
});

async function* only(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
