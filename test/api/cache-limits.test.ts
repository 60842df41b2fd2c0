import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { FilesystemDriver } from "../../src/storage/drivers/filesystem/filesystem-driver.js";
import { layout } from "../../src/storage/layout.js";
import { Storage } from "../../src/storage/storage.js";
import { pullWhole, pushBlob, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { RecordedLog } from "../support/recorded-log.js";
import { runBerth } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { storageAt } from "../support/storage.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/app");
const layerSize = 300_000;
const day = 24 * 60 * 60_000;

/** An upstream with an image of one layer for each tag. */
async function upstreamWith(scope: Scope, tags: readonly string[]): Promise<FakeUpstream> {
  const fake = await FakeUpstream.start(scope);
  for (const tag of tags) fake.store.addImage(name, [seededBytes(tag, layerSize)], tag);
  return fake;
}

/** A storage on a disk of 100 MB, of which others use as much as the test says. */
async function storageOnDiskOf(root: string) {
  const used = { byOthers: 0 };
  const driver = Object.assign(await FilesystemDriver.open(root), {
    room: async () => {
      let free = 100_000_000 - used.byOthers;
      for await (const { size } of storage.blobs.all()) free -= size;
      return { size: 100_000_000, free };
    },
  });
  const storage: Storage = new Storage(driver, 1024 * 1024, new RecordedLog());
  return { storage, used };
}

for (const [written, minFree] of [
  ["in percent", { share: 0.1 }],
  ["in bytes", { bytes: 10_000_000 }],
] as const) {
  test(`when others fill the disk, the cache shrinks until proxy.minFree is free, ${written}, and private images stay`, async (t) => {
    const scope = new Scope(t);
    const fake = await upstreamWith(scope, ["a", "b", "c"]);
    const root = await scope.folder("data");
    const { storage, used } = await storageOnDiskOf(root);
    const mine = await runBerth(scope, { root });
    const own = seededBytes("own", layerSize);
    await pushBlob(mine.client, "team/app", own);
    const proxy = await runProxy(scope, fake.url, { root, opened: storage, minFree });
    for (const tag of ["a", "b", "c"]) await pullWhole(proxy.client, name, tag);
    assert.deepEqual(await storage.tags.list(name), ["a", "b", "c"]);
    // The cache has 0.9 MB. A tenth more than asked for is freed, so that it is not needed again at once.
    used.byOthers = 89_000_000;
    await waitUntil("the cache has shrunk", () => proxy.log.named("made room on the disk")[0]);
    await waitUntil("all of it is gone", async () => (await storage.tags.list(name)).length === 0 || undefined);
    assert.equal((await mine.client.get(`/v2/team/app/blobs/${digestOf(own)}`)).status, 200);
  });
}

test("free space is made by deleting no more than needed, the least recently used first", async (t) => {
  const scope = new Scope(t);
  const fake = await upstreamWith(scope, ["a", "b", "c"]);
  const root = await scope.folder("data");
  const { storage, used } = await storageOnDiskOf(root);
  const proxy = await runProxy(scope, fake.url, { root, opened: storage, minFree: { bytes: 1_000_000 } });
  for (const tag of ["a", "b", "c"]) await pullWhole(proxy.client, name, tag);
  used.byOthers = 98_250_000;
  await waitUntil("the cache has shrunk", () => proxy.log.named("made room on the disk")[0]);
  assert.deepEqual(await storage.tags.list(name), ["b", "c"]);
});

test("a blob for which proxy.minFree leaves no place is passed through, and not stored", async (t) => {
  const scope = new Scope(t);
  const fake = await upstreamWith(scope, ["a"]);
  const root = await scope.folder("data");
  const { storage } = await storageOnDiskOf(root);
  const proxy = await runProxy(scope, fake.url, { root, opened: storage, minFree: { bytes: 99_900_000 } });
  await waitUntil("it has looked at the disk", () => proxy.eviction.largest < 100_000_000 || undefined);
  await pullWhole(proxy.client, name, "a");
  for await (const { size } of storage.blobs.all()) assert.notEqual(size, layerSize);
});

test("an image that nobody has pulled for proxy.maxAge is deleted, and one that was pulled later stays", async (t) => {
  const scope = new Scope(t);
  const fake = await upstreamWith(scope, ["old", "new"]);
  const root = await scope.folder("data");
  const first = await runProxy(scope, fake.url, { root });
  for (const tag of ["old", "new"]) await pullWhole(first.client, name, tag);
  await first.stop();
  await countAsPulled(root, "old", Date.now() - 3 * day);
  await countAsPulled(root, "new", Date.now() - day);
  const { storage, log } = await runProxy(scope, fake.url, { root, maxAge: 2 * day });
  await waitUntil("an image is deleted", () => log.named("image evicted")[0]);
  assert.deepEqual(await storage.tags.list(name), ["new"]);
});

/** As if the image was last pulled, and its tag last checked, at that time. */
async function countAsPulled(root: string, written: string, timeMs: number): Promise<void> {
  const { storage } = await storageAt(root);
  const tag = parseTag(written);
  const digest = (await storage.tags.find(name, tag)) ?? assert.fail(`there is no ${written}`);
  const content = Buffer.from(new Date(timeMs).toISOString());
  const keys = [layout.manifestPulled(name, digest), layout.manifestUsed(name, digest), layout.tagChecked(name, tag)];
  await storage.driver.write(...keys.map((key) => ({ key, content })));
}
