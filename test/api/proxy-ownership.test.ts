import { strict as assert } from "node:assert";
import { once } from "node:events";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { removeCached } from "../../src/proxy/eviction/cache-removal.js";
import { seededBytes } from "../support/content.js";
import { stallAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { errorCodeOf } from "../support/registry-client.js";
import { runBerth } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 10_000);
const tagPath = `/v2/${name}/manifests/latest`;

test("content pushed while the registry was private is not served as an upstream's", async (t) => {
  const scope = new Scope(t);
  const root = await scope.folder("data");
  const mine = await runBerth(scope, { root });
  const image = await pushSmallImage(mine.client, name, "mine", { tag: "latest" });
  await mine.server.stop(0);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const { client } = await runProxy(scope, fake.url, { root });
  for (const path of [
    tagPath,
    `/v2/${name}/manifests/${digestOf(image.bytes)}`,
    `/v2/${name}/blobs/${digestOf(Buffer.from("mine"))}`,
  ]) {
    const refused = await client.get(path);
    assert.equal(refused.status, 403, path);
    assert.equal(errorCodeOf(refused), "DENIED");
  }
  assert.equal(fake.ledger.count(), 0, "the upstream was sent a name that is not its own");
});

test("one upstream's image is not served as another's when the default changes", async (t) => {
  const scope = new Scope(t);
  const [first, second] = [await FakeUpstream.start(scope), await FakeUpstream.start(scope)];
  first.store.addImage(name, [layer], "latest");
  const before = await runProxy(scope, first.url);
  assert.equal((await before.client.get(tagPath)).status, 200);
  await before.stop();
  const after = await runProxy(scope, second.url, {
    root: before.root,
    name: "other.example",
    prefix: "other.example",
  });
  assert.equal((await after.client.get(tagPath)).status, 403);
  assert.equal((await after.client.get(`/v2/${name}/blobs/${digestOf(layer)}`)).status, 403);
});

test("a repository that is deleted while a blob of it arrives belongs to the upstream when the blob is stored", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const { client, storage } = await runProxy(scope, fake.url);
  await client.get(tagPath);
  const recover = fake.faults.add({ kind: "blob" }, stallAt(5_000));
  const pulled = await client.open("GET", `/v2/${name}/blobs/${digestOf(layer)}`);
  await once(pulled.stream, "data");
  await removeCached(storage, { name, tag: undefined, digest: undefined });
  recover();
  await fake.stop();
  await fake.start();
  await waitUntil("the blob is stored", () => storage.repository(name).findBlob(digestOf(layer)));
  assert.equal(await storage.owners.readOwner(name), "docker.io");
  assert.equal((await client.get(tagPath)).status, 200);
});
