import { strict as assert } from "node:assert";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { pushBlob, seededBytes } from "../support/content.js";
import { cutAt, wrongBytes } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { locationOf } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { fillDisk, smallDisk } from "../support/small-disk.js";
import { waitUntil } from "../support/wait-until.js";

const mebibyte = 1024 * 1024;
const name = parseRepositoryName("library/alpine");
const tooLarge = seededBytes("more than the disk has", 12 * mebibyte);
const digest = digestOf(tooLarge);
const path = `/v2/library/alpine/blobs/${digest}`;

/** A cache on a disk of 8 MiB, of an image that is larger. */
async function runOnSmallDisk(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [tooLarge], "latest");
  const root = await smallDisk(scope, 8 * mebibyte);
  return { fake, image, ...(await runProxy(scope, fake.url, { root })) };
}

test("clients do not notice a disk that fills up in the middle of a blob", async (t) => {
  const scope = new Scope(t);
  const { client, storage, log } = await runOnSmallDisk(scope);
  await client.get("/v2/library/alpine/manifests/latest");
  const [one, other, part] = await Promise.all([
    client.get(path),
    client.get(path),
    client.get(path, { range: `bytes=${11 * mebibyte}-` }),
  ]);
  assert.equal(digestOf(one.body), digest);
  assert.equal(digestOf(other.body), digest);
  assert.deepEqual(part.body, tooLarge.subarray(11 * mebibyte));
  assert.equal(await storage.blobs.size(digest), undefined);
  assert.equal(await storage.downloads.staged(digest).stat(), undefined, "a part takes the space that others need");
  assert.ok(log.events.some(({ event }) => event.includes("no room")));
});

test("with no space left a whole image can be pulled, and with space again it is stored", async (t) => {
  const scope = new Scope(t);
  const { fake, image, client, root } = await runOnSmallDisk(scope);
  const filler = await fillDisk(root);
  const small = seededBytes("small", 100_000);
  fake.store.addImage(name, [small], "small");
  for (const [tag, layer] of [
    ["latest", tooLarge],
    ["small", small],
  ] as const) {
    const manifest = await client.get(`/v2/library/alpine/manifests/${tag}`);
    assert.equal(manifest.status, 200);
    assert.equal(digestOf((await client.get(`/v2/library/alpine/blobs/${digestOf(layer)}`)).body), digestOf(layer));
  }
  assert.equal((await client.get(`/v2/library/alpine/manifests/${image.descriptor.digest}`)).status, 200);
  await rm(filler);
  await client.get("/v2/library/alpine/manifests/small");
  assert.equal((await client.get("/v2/library/alpine/manifests/small")).headers["x-cache"], "hit");
});

test("without space an interrupted transfer still resumes, and wrong bytes still reach no client completely", async (t) => {
  const scope = new Scope(t);
  const { fake, client, root } = await runOnSmallDisk(scope);
  await fillDisk(root);
  fake.faults.add({ kind: "blob" }, cutAt(5 * mebibyte), { times: 2 });
  assert.equal(digestOf((await client.get(path)).body), digest);
  fake.faults.clear();
  fake.faults.add({ kind: "blob" }, wrongBytes);
  await assert.rejects(client.get(path));
  await assert.rejects(client.get(path, { range: "bytes=0-999" }));
});

test("on a full disk a cache with a size limit evicts the least recently used images, and stores what is pulled now", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const layers = ["old", "newer", "newest"].map((seed) => seededBytes(seed, 3 * mebibyte));
  for (const [index, layer] of layers.entries()) fake.store.addImage(name, [layer], `v${index}`);
  const root = await smallDisk(scope, 8 * mebibyte);
  const { client, storage } = await runProxy(scope, fake.url, { root, maxSize: 100 * mebibyte });
  for (const [index, layer] of layers.entries()) {
    await client.get(`/v2/library/alpine/manifests/v${index}`);
    assert.equal(digestOf((await client.get(`/v2/library/alpine/blobs/${digestOf(layer)}`)).body), digestOf(layer));
  }
  const sizes = await Promise.all(layers.map((layer) => storage.blobs.size(digestOf(layer))));
  assert.deepEqual(sizes, [undefined, 3 * mebibyte, 3 * mebibyte]);
});

test("proxy.minFree keeps a part of a real disk free, whoever fills it; a push for which nothing can go gets 507, and nothing is corrupt", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const layers = ["one", "two", "three"].map((seed) => seededBytes(seed, 3 * mebibyte));
  for (const [index, layer] of layers.entries()) fake.store.addImage(name, [layer], `v${index}`);
  const root = await smallDisk(scope, 20 * mebibyte);
  const proxy = await runProxy(scope, fake.url, { root, minFree: { share: 0.25 } });
  for (const [index, layer] of layers.entries()) {
    await proxy.client.get(`/v2/library/alpine/manifests/v${index}`);
    await proxy.client.get(`/v2/library/alpine/blobs/${digestOf(layer)}`);
  }
  const free = async () => (await proxy.storage.room())?.free ?? 0;
  const cached = async () => Promise.all(layers.map((layer) => proxy.storage.blobs.size(digestOf(layer))));
  assert.deepEqual(await cached(), [3 * mebibyte, 3 * mebibyte, 3 * mebibyte]);
  await writeFile(join(root, "another program"), Buffer.alloc(8 * mebibyte));
  await waitUntil("a quarter is free again", async () => (await free()) >= 5 * mebibyte || undefined);
  assert.deepEqual(await cached(), [undefined, 3 * mebibyte, 3 * mebibyte], "the oldest went, and no more than needed");
  await proxy.stop();

  const mine = await runBerth(scope, { root });
  const first = seededBytes("pushed", 4 * mebibyte);
  await pushBlob(mine.client, "team/app", first);
  const started = await mine.client.request("POST", "/v2/team/app/blobs/uploads/");
  const second = seededBytes("too much", 6 * mebibyte);
  const refused = await mine.client.request("PUT", locationOf(started, `digest=${digestOf(second)}`), { body: second });
  assert.equal(refused.status, 507);
  assert.ok(JSON.parse(refused.body.toString()).errors[0].message.length > 0);
  assert.deepEqual((await mine.client.get(`/v2/team/app/blobs/${digestOf(first)}`)).body, first);
  assert.equal((await mine.client.get(`/v2/team/app/blobs/${digestOf(second)}`)).status, 404);
});
