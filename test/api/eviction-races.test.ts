import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { withEvictionLock } from "../../src/storage/unlinked-blobs.js";
import { expectStatus, pullBlob, pullWhole, pushBlob, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { type RunningBerth, runBerth } from "../support/running-berth.js";
import { type RunningProxy, runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { seededRandom } from "../support/seeded-random.js";
import { smallImage } from "../support/small-image.js";
import { storageAt } from "../support/storage.js";

const cached = parseRepositoryName("library/app");
const mine = "team/app";
const rounds = 20;

/** A cache and a private registry on one data directory, which know of each other only by what lies there. */
async function runBoth(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  const proxy = await runProxy(scope, fake.url, { maxSize: 1_000_000_000 });
  const home = await runBerth(scope, { root: proxy.root });
  return { fake, proxy, home };
}

/** Lets an image be evicted while something else is done with its layer, a little earlier or later each time. */
async function whileEvicting<Result>(
  { fake, proxy }: { fake: FakeUpstream; proxy: RunningProxy },
  round: number,
  action: (layer: Buffer) => Promise<Result>,
): Promise<Result> {
  const layer = seededBytes(`layer ${round}`, 20_000);
  fake.store.addImage(cached, [layer], "latest");
  await pullWhole(proxy.client, cached, "latest");
  const turns = seededRandom(round);
  const later = async (what: () => Promise<unknown>, most: number) => {
    for (let turn = Math.floor(turns() * most); turn > 0; turn--) await setImmediate();
    return what();
  };
  const evicting = later(() => proxy.eviction.makeRoom(1), 40);
  const result = await later(() => action(layer), 80);
  await evicting;
  // `later` gives what the action gave.
  return result as Result;
}

test("what is mounted from the cache while it is evicted is mounted and stays, or is not mounted", async (t) => {
  const both = await runBoth(new Scope(t));
  const counts = { mounted: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const { status, digest } = await whileEvicting(both, round, async (layer) => {
      const answer = await both.home.client.request(
        "POST",
        `/v2/${mine}/blobs/uploads/?mount=${digestOf(layer)}&from=${cached}`,
      );
      return { status: answer.status, digest: digestOf(layer) };
    });
    counts[status === 201 ? "mounted" : "refused"]++;
    if (status === 201) await pullBlob(both.home.client, mine, digest);
    else assert.equal(status, 202);
  }
  t.diagnostic(`${counts.mounted} mounted, ${counts.refused} refused`);
});

test("what is pushed while its bytes are evicted stays, whole", async (t) => {
  const both = await runBoth(new Scope(t));
  for (let round = 0; round < rounds; round++) {
    await whileEvicting(both, round, (layer) => pushBlob(both.home.client, mine, layer));
    await pullBlob(both.home.client, mine, digestOf(seededBytes(`layer ${round}`, 20_000)));
  }
});

test("a manifest that is pushed while its bytes are evicted stays", async (t) => {
  const both = await runBoth(new Scope(t));
  for (let round = 0; round < rounds; round++) {
    const image = smallImage(`text ${round}`);
    const text = Buffer.from(`text ${round}`);
    for (const blob of [text, Buffer.from("{}")]) {
      both.fake.store.addBlob(cached, blob);
      await pushBlob(both.home.client, mine, blob);
    }
    both.fake.store.addManifestBytes(cached, image.bytes, image.descriptor.mediaType, "small");
    await pullWhole(both.proxy.client, cached, "small");
    await whileEvicting(both, round, () => pushed(both.home, image));
    await both.proxy.eviction.makeRoom(Number.MAX_SAFE_INTEGER);
    await pullWhole(both.home.client, mine, image.descriptor.digest);
  }
});

test("a pull while the image is evicted gets it whole, from here or anew", async (t) => {
  const both = await runBoth(new Scope(t));
  for (let round = 0; round < rounds; round++) {
    await whileEvicting(both, round, () => pullWhole(both.proxy.client, cached, "latest"));
    await pullWhole(both.proxy.client, cached, "latest");
  }
});

test("what an eviction that was killed had set aside is back if somebody has linked it, and gone if nobody has", async (t) => {
  const { fake, proxy, home } = await runBoth(new Scope(t));
  const [linked, unlinked] = [seededBytes("linked", 1_000), seededBytes("unlinked", 1_000)];
  await pushBlob(home.client, mine, linked);
  fake.store.addImage(cached, [unlinked], "latest");
  await pullWhole(proxy.client, cached, "latest");
  for (const bytes of [linked, unlinked]) await proxy.storage.blobs.setAside(digestOf(bytes));
  await proxy.storage.unlinkBlob(cached, digestOf(unlinked));
  // Even before anybody puts it back it can be read.
  await pullBlob(home.client, mine, digestOf(linked));
  const { storage } = await storageAt(proxy.root);
  assert.equal(await storage.blobs.storedSize(digestOf(linked)), linked.length);
  assert.deepEqual(await storage.blobs.listAside(), [digestOf(unlinked)]);
  await proxy.eviction.makeRoom(1);
  assert.deepEqual(await storage.blobs.listAside(), []);
  assert.equal(await storage.blobs.size(digestOf(unlinked)), undefined);
});

test("while one process evicts, another does not", async (t) => {
  const { fake, proxy } = await runBoth(new Scope(t));
  fake.store.addImage(cached, [seededBytes("layer", 1_000)], "latest");
  await pullWhole(proxy.client, cached, "latest");
  const { storage } = await storageAt(proxy.root);
  let freed: number | undefined;
  const making = await withEvictionLock(storage, async () => {
    const making = proxy.eviction.makeRoom(1).then((bytes) => {
      freed = bytes;
    });
    for (let turn = 0; turn < 1_000; turn++) await setImmediate();
    assert.equal(freed, undefined);
    assert.deepEqual(await storage.tags.list(cached), ["latest"]);
    return { making };
  });
  await making.making;
  assert.ok(Number(freed) > 1_000);
});

async function pushed(home: RunningBerth, image: ReturnType<typeof smallImage>): Promise<void> {
  const answer = await home.client.request("PUT", `/v2/${mine}/manifests/${image.descriptor.digest}`, {
    body: image.bytes,
    headers: { "content-type": image.descriptor.mediaType },
  });
  expectStatus(answer, 201, "push of the manifest");
}
