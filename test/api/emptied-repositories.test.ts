import { strict as assert } from "node:assert";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { collectBeside } from "../../src/maintenance/collect.js";
import { trashedLinks, undelete } from "../../src/maintenance/undelete.js";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { removeCached } from "../../src/proxy/eviction/cache-removal.js";
import { withEvictionLock } from "../../src/storage/content/unlinked-blobs.js";
import { layout } from "../../src/storage/layout.js";
import type { Storage } from "../../src/storage/storage.js";
import { pullWhole, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { collectionSettings, RecordedCollection } from "../support/garbage.js";
import { PoorDriver } from "../support/poor-driver/poor-driver.js";
import type { RegistryClient } from "../support/registry-client.js";
import { runBerth, runBerthOnDisk } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { pausableStorageAt, storageOf } from "../support/storage.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("team/app");

/** The same storage as two processes serve it; some kinds have only one. */
interface Served {
  readonly one: RegistryClient;
  readonly other: RegistryClient;
  readonly storage: Storage;
}

const places: Readonly<Record<string, (scope: Scope) => Promise<Served>>> = {
  "one process in memory": async (scope) => {
    const { client, storage } = await runBerth(scope);
    return { one: client, other: client, storage };
  },
  "two processes on disk": async (scope) => {
    const { client, storage, root } = await runBerthOnDisk(scope);
    return { one: client, other: (await runBerthOnDisk(scope, { root })).client, storage };
  },
  "two replicas on a bucket": async (scope) => {
    const driver = new PoorDriver({ listLagMs: 0 });
    const storages = [storageOf(driver), storageOf(driver)] as const;
    const [one, other] = [
      await runBerth(scope, { opened: storages[0] }),
      await runBerth(scope, { opened: storages[1] }),
    ];
    return { one: one.client, other: other.client, storage: storages[0] };
  },
};

async function catalogOf(client: RegistryClient): Promise<unknown> {
  const answer = await client.get("/v2/_catalog");
  assert.equal(answer.status, 200);
  return JSON.parse(answer.body.toString()).repositories;
}

/** As a collection beside servers does whose claims, grace and time in the trash are over. */
async function collectAll(storage: Storage): Promise<void> {
  const times = { grace: 0, claim: 0, trash: 24 * 60 * 60_000 };
  await storage.listsSettled();
  await collectBeside(storage, collectionSettings(new RecordedCollection(), times, true));
}

async function remove(client: RegistryClient, target: string): Promise<void> {
  assert.equal((await client.request("DELETE", `/v2/${target}`)).status, 202);
}

for (const [place, serve] of Object.entries(places)) {
  test(`a repository leaves the catalog with its last manifest, and is back with the next (${place})`, async (t) => {
    const { one, other, storage } = await serve(new Scope(t));
    const first = await pushSmallImage(one, name, "first", { tag: "v1" });
    const second = await pushSmallImage(other, name, "second", { tag: "v2" });
    await pushSmallImage(other, "team/other", "stays", { tag: "v1" });
    await remove(one, `${name}/manifests/${first.descriptor.digest}`);
    for (const client of [one, other]) assert.deepEqual(await catalogOf(client), [name, "team/other"]);
    await remove(one, `${name}/manifests/${second.descriptor.digest}`);
    // A list that is remembered, since nothing changed just before.
    await waitUntil("changes of the list are told apart", () => storage.index.generation());
    for (const client of [one, other]) assert.deepEqual(await catalogOf(client), ["team/other"]);
    // That process has pushed there before, and the other one has just listed what there was.
    await pushSmallImage(other, name, "third", { tag: "v1" });
    for (const client of [one, other]) assert.deepEqual(await catalogOf(client), [name, "team/other"]);
  });

  test(`a repository without tags stays in the catalog until its manifests are collected (${place})`, async (t) => {
    const { one, other, storage } = await serve(new Scope(t));
    await pushSmallImage(one, name, "layer", { tag: "v1" });
    await remove(one, `${name}/manifests/v1`);
    assert.deepEqual(await catalogOf(other), [name]);
    assert.equal((await other.get(`/v2/${name}/tags/list`)).status, 200);
    await collectAll(storage);
    for (const client of [one, other]) {
      assert.deepEqual(await catalogOf(client), []);
      assert.equal((await client.get(`/v2/${name}/tags/list`)).status, 404);
    }
    const back = await undelete(storage, { name, digest: undefined });
    assert.deepEqual([back.length, await trashedLinks(storage)], [3, []]);
    for (const client of [one, other]) assert.deepEqual(await catalogOf(client), [name]);
  });
}

test("a cached repository leaves the catalog when its last image is deleted, and is back with the next pull", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage("library/alpine", [seededBytes("alpine", 10_000)], "3");
  const { client, storage } = await runProxy(scope, fake.url);
  await pullWhole(client, "library/alpine", "3");
  assert.deepEqual(await catalogOf(client), ["library/alpine"]);
  const cached = parseRepositoryName("library/alpine");
  const [tag, digest] = [parseTag("3"), undefined];
  await withEvictionLock(storage, () => removeCached(storage, { name: cached, tag, digest }));
  assert.deepEqual(await catalogOf(client), []);
  await pullWhole(client, "library/alpine", "3");
  await waitUntil("all is stored", async () => (await storage.tags.list(cached))[0]);
  assert.deepEqual(await catalogOf(client), ["library/alpine"]);
});

test("a manifest that is pushed while its repository is being emptied is kept and listed", async (t) => {
  const scope = new Scope(t);
  const { storage, driver, root } = await pausableStorageAt(await scope.folder("data"));
  const { client } = await runBerth(scope, { opened: storage });
  const { client: other } = await runBerthOnDisk(scope, { root });
  const first = await pushSmallImage(client, name, "first", { tag: "v1" });
  const pruning = driver.pauseBefore("prune", layout.repository(name));
  const removing = remove(client, `${name}/manifests/${first.descriptor.digest}`);
  await pruning.reached;
  await pushSmallImage(other, name, "second", { tag: "v2" });
  pruning.resume();
  await removing;
  for (const each of [client, other]) {
    assert.deepEqual(await catalogOf(each), [name]);
    assert.equal((await each.get(`/v2/${name}/manifests/v2`)).status, 200);
  }
});

test("a collection beside the server removes the folders of manifests that registry:2 has deleted", async (t) => {
  const { client, storage, root } = await runBerthOnDisk(new Scope(t));
  const { descriptor } = await pushSmallImage(client, name, "layer", { tag: "v1" });
  // registry:2 deletes the link and the tag, and leaves the folder.
  await rm(join(root, layout.revisionLink(name, descriptor.digest)));
  await rm(join(root, layout.tag(name, parseTag("v1"))), { recursive: true });
  // A push that was killed between two steps leaves traces of its tag.
  const torn = join(root, layout.tagHistoryLink(name, parseTag("torn"), descriptor.digest));
  await mkdir(dirname(torn), { recursive: true });
  await writeFile(torn, descriptor.digest);
  await collectAll(storage);
  assert.deepEqual(await catalogOf(client), []);
});
