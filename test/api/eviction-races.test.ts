import { strict as assert } from "node:assert";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { withEvictionLock } from "../../src/storage/content/unlinked-blobs.js";
import { layout } from "../../src/storage/layout.js";
import { expectStatus, pullBlob, pullWhole, pushBlob, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { type RunningBerth, runBerth } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { smallImage } from "../support/small-image.js";
import { pausableStorageAt, storageAt } from "../support/storage.js";
import { waitUntil } from "../support/wait-until.js";

const cached = parseRepositoryName("library/app");
const mine = "team/app";
/** The steps at which an eviction is paused while something else happens to the bytes that it is about to delete. */
const stops = [
  ["pauseBefore", "remove", (digest: Digest) => layout.layer(cached, digest)],
  ["pauseAfter", "remove", (digest: Digest) => layout.layer(cached, digest)],
  ["pauseBefore", "withdraw", layout.evicting],
  ["pauseAfter", "withdraw", layout.evicting],
  ["pauseBefore", "erase", layout.evicting],
  ["pauseAfter", "erase", layout.evicting],
] as const;

/** A cache and a private registry on one data directory, which share only that. */
async function runBoth(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  const { root, driver, storage } = await pausableStorageAt(await scope.folder("cache"));
  const proxy = await runProxy(scope, fake.url, { maxSize: 1_000_000_000, root, opened: storage });
  const home = await runBerth(scope, { root });
  return { fake, proxy, home, driver };
}

/** Pauses the eviction of an image at one of the steps, does something with one of its layers, and lets it continue. */
async function whileEvicting<Result>(
  { fake, proxy, driver }: Awaited<ReturnType<typeof runBoth>>,
  stop: (typeof stops)[number],
  action: (layer: Buffer) => Promise<Result>,
): Promise<Result> {
  const [when, step, keyOf] = stop;
  const layer = seededBytes(layerText(stop), 20_000);
  fake.store.addImage(cached, [layer], "latest");
  await pullWhole(proxy.client, cached, "latest");
  const pause = driver[when](step, keyOf(digestOf(layer)));
  const evicting = proxy.eviction.makeRoom(1);
  // What the cache and the registry share is not deleted, so there is no such step then.
  await Promise.race([pause.reached, evicting]);
  const result = await action(layer);
  pause.resume();
  await evicting;
  return result;
}

function layerText(stop: (typeof stops)[number]): string {
  return `layer ${stops.indexOf(stop)}`;
}

test("a blob whose download ends while the cache is measured belongs to the measured size", async (t) => {
  const { fake, proxy, driver } = await runBoth(new Scope(t));
  const layer = seededBytes("ends meanwhile", 20_000);
  fake.store.addImage(cached, [layer], "latest");
  // It is measured at the start, too.
  await proxy.eviction.settle();
  const storing = driver.pauseBefore("commit", layout.blob(digestOf(layer)));
  const pulled = pullWhole(proxy.client, cached, "latest");
  await storing.reached;
  const measuring = driver.pauseBefore("listStaged", layout.downloads);
  const evicting = proxy.eviction.makeRoom(0);
  await measuring.reached;
  storing.resume();
  await pulled;
  await waitUntil("the blob is stored", async () => proxy.storage.blobs.storedSize(digestOf(layer)));
  measuring.resume();
  await evicting;
  await waitUntil("the download is over", async () => (proxy.storage.addedBytes >= layer.length ? true : undefined));
  assert.ok((proxy.eviction.askSize() ?? 0) >= layer.length, `${proxy.eviction.askSize()} bytes`);
});

test("what is mounted from the cache during its eviction is mounted and kept, or not mounted", async (t) => {
  const both = await runBoth(new Scope(t));
  const counts = { mounted: 0, refused: 0 };
  for (const stop of stops) {
    const { status, digest } = await whileEvicting(both, stop, async (layer) => {
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

test("what is pushed while its bytes are evicted is kept completely", async (t) => {
  const both = await runBoth(new Scope(t));
  for (const stop of stops) {
    await whileEvicting(both, stop, (layer) => pushBlob(both.home.client, mine, layer));
    await pullBlob(both.home.client, mine, digestOf(seededBytes(layerText(stop), 20_000)));
  }
});

test("a manifest that is pushed while its bytes are evicted is kept", async (t) => {
  const both = await runBoth(new Scope(t));
  for (const stop of stops) {
    const image = smallImage(`text ${stops.indexOf(stop)}`);
    const text = Buffer.from(`text ${stops.indexOf(stop)}`);
    for (const blob of [text, Buffer.from("{}")]) {
      both.fake.store.addBlob(cached, blob);
      await pushBlob(both.home.client, mine, blob);
    }
    both.fake.store.addManifestBytes(cached, image.bytes, image.descriptor.mediaType, "small");
    await pullWhole(both.proxy.client, cached, "small");
    await whileEvicting(both, stop, () => pushed(both.home, image));
    await both.proxy.eviction.makeRoom(Number.MAX_SAFE_INTEGER);
    await pullWhole(both.home.client, mine, image.descriptor.digest);
  }
});

test("a pull during the eviction of the image gets all of it, from storage or from the upstream", async (t) => {
  const both = await runBoth(new Scope(t));
  for (const stop of stops) {
    await whileEvicting(both, stop, () => pullWhole(both.proxy.client, cached, "latest"));
    await pullWhole(both.proxy.client, cached, "latest");
  }
});

test("what a killed eviction had set aside is restored if something links to it, and deleted otherwise", async (t) => {
  const { fake, proxy, home } = await runBoth(new Scope(t));
  const [linked, unlinked] = [seededBytes("linked", 1_000), seededBytes("unlinked", 1_000)];
  await pushBlob(home.client, mine, linked);
  fake.store.addImage(cached, [unlinked], "latest");
  await pullWhole(proxy.client, cached, "latest");
  for (const bytes of [linked, unlinked]) await proxy.storage.blobs.aside.set(digestOf(bytes));
  await proxy.storage.repository(cached).removeBlob(digestOf(unlinked));
  // It can be read even before it is restored.
  await pullBlob(home.client, mine, digestOf(linked));
  const { storage } = await storageAt(proxy.root);
  assert.equal(await storage.blobs.storedSize(digestOf(linked)), linked.length);
  assert.deepEqual(await storage.blobs.aside.list(), [digestOf(unlinked)]);
  await proxy.eviction.makeRoom(1);
  assert.deepEqual(await storage.blobs.aside.list(), []);
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
