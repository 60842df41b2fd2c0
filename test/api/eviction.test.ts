import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { pullBlob, pullWhole, pushBlob, seededBytes } from "../support/content.js";
import type { StoredImage } from "../support/fake-upstream/content-store.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runBerth } from "../support/running-berth.js";
import { type RunningProxy, runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/app");
const layerSize = 300_000;

/** An upstream with an image of one layer for each tag. */
async function upstreamWith(scope: Scope, tags: readonly string[]) {
  const fake = await FakeUpstream.start(scope);
  const images: Record<string, StoredImage> = {};
  for (const tag of tags) images[tag] = fake.store.addImage(name, [seededBytes(tag, layerSize)], tag);
  return { fake, image: (tag: string): StoredImage => images[tag] ?? assert.fail(tag) };
}

function layerOf(image: StoredImage): Digest {
  return image.layers[0]?.digest ?? assert.fail("an image without layers");
}

/** What is left of an image: its manifest, its layer's link, and the layer's bytes. */
async function leftOf({ storage }: RunningProxy, image: StoredImage, repository = name): Promise<boolean[]> {
  return [
    await storage.manifests.has(repository, image.descriptor.digest),
    (await storage.repository(repository).findBlob(layerOf(image))) !== undefined,
    (await storage.blobs.storedSize(layerOf(image))) !== undefined,
  ];
}

const whole = [true, true, true];
const gone = [false, false, false];

function roomMade({ log }: RunningProxy): Promise<unknown> {
  return waitUntil("room is made", () => log.named("made room in the cache")[0]);
}

test("beyond the size limit, the least recently used image is deleted, and no more than needed", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await upstreamWith(scope, ["a", "b", "c", "d"]);
  const proxy = await runProxy(scope, fake.url, { maxSize: 1_100_000 });
  for (const tag of ["a", "b", "c"]) await pullWhole(proxy.client, name, tag);
  // A HEAD for the manifest is a use: a client that has the layers requests nothing else.
  await proxy.client.head(`/v2/${name}/manifests/a`);
  await pullWhole(proxy.client, name, "d");
  await roomMade(proxy);
  assert.deepEqual(await leftOf(proxy, image("b")), gone);
  for (const tag of ["a", "c", "d"]) assert.deepEqual(await leftOf(proxy, image(tag)), whole, tag);
  assert.deepEqual(await proxy.storage.tags.list(name), ["a", "c", "d"]);
  const [evicted, ...others] = proxy.log.named("image evicted");
  assert.deepEqual(others, []);
  assert.equal(evicted?.digest, image("b").descriptor.digest);
  assert.deepEqual(evicted?.tags, ["b"]);
  assert.ok(Number(evicted?.bytes) > layerSize);
});

test("an evicted image is downloaded again by the next pull", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await upstreamWith(scope, ["a"]);
  const proxy = await runProxy(scope, fake.url, { maxSize: 10_000_000 });
  for (let round = 0; round < 3; round++) {
    fake.ledger.clear();
    await pullWhole(proxy.client, name, "a");
    assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 2, "not everything was fetched");
    assert.ok((await proxy.eviction.makeRoom(1)) > layerSize);
    assert.deepEqual(await leftOf(proxy, image("a")), gone);
  }
});

test("all who want room at the same time share one run, which evicts no more than one of them needs", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await upstreamWith(scope, ["a", "b"]);
  const proxy = await runProxy(scope, fake.url, { maxSize: 10_000_000 });
  for (const tag of ["a", "b"]) await pullWhole(proxy.client, name, tag);
  const freed = await Promise.all([1, 1, 1].map((bytes) => proxy.eviction.makeRoom(bytes)));
  assert.ok(freed.every((bytes) => bytes > layerSize));
  assert.deepEqual(await leftOf(proxy, image("a")), gone);
  assert.notDeepEqual(await leftOf(proxy, image("b")), gone);
});

test("nothing private is evicted, and no bytes that a private repository needs, however small the limit is", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await upstreamWith(scope, ["a", "b"]);
  const proxy = await runProxy(scope, fake.url, { maxSize: layerSize });
  const mine = await runBerth(scope, { root: proxy.root });
  const [shared, own] = [seededBytes("a", layerSize), seededBytes("own", layerSize)];
  for (const bytes of [shared, own]) await pushBlob(mine.client, "team/app", bytes);
  for (const tag of ["a", "b"]) await pullWhole(proxy.client, name, tag);
  await waitUntil("both images are gone", async () =>
    (await proxy.storage.tags.list(name)).length === 0 ? true : undefined,
  );
  await proxy.eviction.makeRoom(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(await leftOf(proxy, image("a")), [false, false, true]);
  assert.deepEqual(await leftOf(proxy, image("b")), gone);
  for (const bytes of [shared, own]) await pullBlob(mine.client, "team/app", digestOf(bytes));
});

test("a layer that another image needs is kept, in this repository and in others", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await upstreamWith(scope, ["old"]);
  const other = parseRepositoryName("library/other");
  const layer = seededBytes("old", layerSize);
  fake.store.addImage(name, [layer, seededBytes("more", 1_000)], "new");
  fake.store.addImage(other, [layer], "new");
  const proxy = await runProxy(scope, fake.url, { maxSize: 10_000_000 });
  await pullWhole(proxy.client, name, "old");
  await pullWhole(proxy.client, name, "new");
  await proxy.eviction.makeRoom(1);
  assert.deepEqual(await leftOf(proxy, image("old")), [false, true, true]);
  await pullWhole(proxy.client, other, "new");
  await proxy.eviction.makeRoom(1);
  assert.deepEqual(await leftOf(proxy, image("old")), [false, false, true]);
  await fake.stop();
  await pullWhole(proxy.client, other, "new");
});

test("an index is evicted with all its images, and counts as used when one of them is", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await upstreamWith(scope, ["single"]);
  const platforms = ["arm64", "amd64"].map((text) => fake.store.addImage(name, [seededBytes(text, layerSize)]));
  fake.store.addIndex(name, platforms, "multi");
  const proxy = await runProxy(scope, fake.url, { maxSize: 10_000_000 });
  await pullWhole(proxy.client, name, "multi");
  await pullWhole(proxy.client, name, "single");
  await proxy.client.get(`/v2/${name}/manifests/${platforms[1]?.descriptor.digest}`);
  await proxy.eviction.makeRoom(1);
  assert.deepEqual(await leftOf(proxy, image("single")), gone);
  for (const platform of platforms) assert.deepEqual(await leftOf(proxy, platform), whole);
  assert.ok((await proxy.eviction.makeRoom(1)) > 2 * layerSize);
  for (const platform of platforms) assert.deepEqual(await leftOf(proxy, platform), gone);
  assert.deepEqual(await proxy.storage.tags.list(name), []);
});

test("what a tag pointed to before it moved is evicted first", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await upstreamWith(scope, ["latest"]);
  const proxy = await runProxy(scope, fake.url, { maxSize: 10_000_000 });
  await pullWhole(proxy.client, name, "latest");
  const newer = fake.store.addImage(name, [seededBytes("newer", layerSize)], "latest");
  await pullWhole(proxy.client, name, "latest");
  await proxy.eviction.makeRoom(1);
  assert.deepEqual(await leftOf(proxy, image("latest")), gone);
  assert.deepEqual(await leftOf(proxy, newer), whole);
  assert.equal(await proxy.storage.tags.find(name, parseTag("latest")), newer.descriptor.digest);
});

test("a client that is reading an evicted layer gets all of it", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const layer = seededBytes("large", 24 * 1024 * 1024);
  fake.store.addImage(name, [layer], "large");
  const proxy = await runProxy(scope, fake.url, { maxSize: 100_000_000 });
  await pullWhole(proxy.client, name, "large");
  const answer = await proxy.client.open("GET", `/v2/${name}/blobs/${digestOf(layer)}`);
  assert.ok((await proxy.eviction.makeRoom(1)) >= layer.length);
  const chunks: Buffer[] = [];
  for await (const chunk of answer.stream) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(layer));
});

test("the last use of an image is known after a restart", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await upstreamWith(scope, ["a", "b"]);
  const before = await runProxy(scope, fake.url);
  for (const tag of ["a", "b"]) await pullWhole(before.client, name, tag);
  // While it runs, uses are only written every hour.
  before.storage.uses.checks.note(name, image("a").descriptor.digest, Date.now() + 10 * 60_000);
  await before.stop();
  const after = await runProxy(scope, fake.url, { root: before.root, maxSize: 10_000_000 });
  await after.eviction.makeRoom(1);
  assert.deepEqual(await leftOf(after, image("b")), gone);
  assert.deepEqual(await leftOf(after, image("a")), whole);
});

test("without a limit nothing is evicted, not even for a full disk", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await upstreamWith(scope, ["a"]);
  const proxy = await runProxy(scope, fake.url);
  await pullWhole(proxy.client, name, "a");
  assert.equal(await proxy.eviction.makeRoom(1_000), 0);
  assert.deepEqual(await leftOf(proxy, image("a")), whole);
});

test("room that another run has made meanwhile counts: a push that waited for it does not fail", async (t) => {
  const scope = new Scope(t);
  const { fake } = await upstreamWith(scope, ["a"]);
  const proxy = await runProxy(scope, fake.url, { maxSize: 10_000_000 });
  await pullWhole(proxy.client, name, "a");
  let free = 0;
  // The folder is on a disk that other programs fill, too.
  proxy.storage.room = async () => ({ size: 1_000, free: free++ });
  // The smaller one finds nothing left.
  const freed = await Promise.all([proxy.eviction.makeRoom(10_000_000), proxy.eviction.makeRoom(1)]);
  assert.ok(freed.every((bytes) => bytes > 0));
});
