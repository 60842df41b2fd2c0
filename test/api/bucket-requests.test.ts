import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import {
  expectStatus,
  layerType,
  manifestOf,
  pullManifest,
  pushBlob,
  pushManifest,
  seededBytes,
} from "../support/content.js";
import { runBerthOnBucket } from "../support/object-stores/bucket-berth.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { locationOf, type RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { offsetOf, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const MiB = 1024 * 1024;
const name = "team/app";

test("a layer that comes by POST, PATCH and PUT takes at most fourteen requests to the store", async (t) => {
  const { store, berth } = await serve(t);
  await pushInSteps(berth.client, seededBytes("first", MiB));
  const requests = await countedOf(store, () => pushInSteps(berth.client, seededBytes("second", MiB)));
  assert.ok(requests.length <= 14, requests.join("\n"));
});

test("a layer that comes in one PUT takes at most ten, and goes straight to its key", async (t) => {
  const { store, berth } = await serve(t);
  await pushBlob(berth.client, name, seededBytes("first", MiB));
  const requests = await countedOf(store, () => pushInOnePut(berth.client, seededBytes("second", MiB)));
  assert.ok(requests.length <= 10, requests.join("\n"));
  assert.deepEqual(
    requests.filter((request) => request.includes("parts")),
    [],
  );
});

test("a manifest with a new tag takes at most eighteen requests, and one that moves a tag two more", async (t) => {
  const { store, berth } = await serve(t);
  await pushImageOfLayer(berth.client, "first", "v1");
  const { manifest } = await pushImageOfLayer(berth.client, "second");
  const tagged = await countedOf(store, () => pushManifest(berth.client, name, manifest, "v2"));
  assert.ok(tagged.length <= 18, tagged.join("\n"));
  const moved = await pushImageOfLayer(berth.client, "third");
  const requests = await countedOf(store, () => pushManifest(berth.client, name, moved.manifest, "v2"));
  assert.ok(requests.length <= 20, requests.join("\n"));
});

test("what a manifest references is looked for all at once", async (t) => {
  const { store, berth } = await serve(t);
  const contents = Array.from({ length: 6 }, (_, index) => seededBytes(`layer ${index}`, 1_000));
  for (const bytes of contents) await pushBlob(berth.client, name, bytes);
  const [config, ...layers] = contents.map((bytes) => ({
    mediaType: layerType,
    digest: digestOf(bytes),
    size: bytes.length,
  }));
  const asked = () => new Set(store.faults.requests.filter((each) => /^GET .*_layers.*\/link/.test(each))).size;
  let release = () => {};
  store.faults.add(/^GET .*_layers.*\/link/, { kind: "held", until: new Promise<void>((done) => (release = done)) }, 6);
  const manifest = manifestOf({ mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers });
  const pushed = pushManifest(berth.client, name, manifest, "v1");
  await waitUntil("all layers are asked for", () => asked() >= 6 || undefined);
  release();
  await pushed;
});

test("a removal of the link, and one of the bytes, are looked for at the same time", async (t) => {
  const { store, berth } = await serve(t);
  const { manifest } = await pushImageOfLayer(berth.client, "first");
  let release = () => {};
  const until = new Promise<void>((done) => (release = done));
  store.faults.add(/^HEAD .*\.berth\/unlinking\//, { kind: "held", until });
  const before = store.faults.requests.length;
  const pushed = pushManifest(berth.client, name, manifest, "v1");
  const asked = () => store.faults.requests.slice(before).some((each) => /^HEAD .*\.berth\/evicting\//.test(each));
  await waitUntil("the bytes are looked for", () => asked() || undefined);
  release();
  await pushed;
});

test("a large layer in one PUT goes to its key in parts, and nothing is copied", async (t) => {
  const { store, berth } = await serve(t);
  const bytes = seededBytes("large", 70 * MiB);
  const requests = await countedOf(store, () => pushInOnePut(berth.client, bytes));
  const parts = requests.filter((request) => request.includes("partNumber"));
  assert.equal(parts.length, 9);
  for (const part of parts) assert.match(part, new RegExp(`blobs/sha256/../${digestOf(bytes).slice(7)}/data`));
  const pulled = await berth.client.get(`/v2/${name}/blobs/${digestOf(bytes)}`);
  assert.ok(pulled.body.equals(bytes));
});

test("a layer in one PUT with another digest than it claims leaves nothing in the bucket", async (t) => {
  const { store, berth } = await serve(t);
  const session = await startUpload(berth.client, name);
  const body = seededBytes("large", 20 * MiB);
  const answer = await berth.client.request("PUT", `${session}?digest=${digestOf(Buffer.from("other"))}`, { body });
  expectStatus(answer, 400, "a wrong digest");
  assert.deepEqual(store.openUploads, []);
  assert.deepEqual(
    store.keys().filter((key) => /data|staging|parts/.test(key)),
    [],
  );
});

test("after a PUT that was cut, the session can be continued from its beginning", async (t) => {
  const { store, berth } = await serve(t);
  const session = await startUpload(berth.client, name);
  const bytes = seededBytes("large", 20 * MiB);
  const cut = berth.client.start("PUT", `${session}?digest=${digestOf(bytes)}`, { "content-length": bytes.length });
  await cut.send(bytes.subarray(0, 12 * MiB));
  await waitUntil("a part is sent", () => store.openUploads[0]);
  cut.cut();
  await cut.answer.catch(() => {});
  assert.equal(await offsetOf(berth.client, session), 0);
  expectStatus(
    await berth.client.request("PUT", `${session}?digest=${digestOf(bytes)}`, { body: bytes }),
    201,
    "again",
  );
  assert.deepEqual(store.openUploads, []);
});

test("a tag that is pulled all the time costs few requests, and shows at once what this replica does", async (t) => {
  // Longer than the test takes.
  const { store, berth, image } = await serveImage(t, 60_000);
  await pullManifest(berth.client, name, "latest");
  const requests = await countedOf(store, async () => {
    for (let pull = 0; pull < 100; pull++) await pullManifest(berth.client, name, "latest");
  });
  // A replica has other things to ask now and then.
  const ofTag = requests.filter((request) => request.includes("/_manifests/"));
  assert.ok(ofTag.length <= 16, ofTag.join("\n"));
  const moved = await pushImage(berth.client, "moved");
  assert.equal((await pullManifest(berth.client, name, "latest")).digest, moved);
  expectStatus(await berth.client.request("DELETE", `/v2/${name}/manifests/${moved}`), 202, "deletion");
  expectStatus(await berth.client.get(`/v2/${name}/manifests/latest`), 404, "the deleted tag");
  assert.notEqual(moved, image);
});

test("a tag that is pulled now and then shows at once what another replica does", async (t) => {
  const { scope, store, berth } = await serveImage(t, 60_000);
  const other = await runBerthOnBucket(scope, store);
  for (const time of ["second", "third"]) {
    const moved = await pushImage(other.client, time);
    assert.equal((await pullManifest(berth.client, name, "latest")).digest, moved);
  }
  expectStatus(await other.client.request("DELETE", `/v2/${name}/manifests/latest`), 202, "deletion");
  expectStatus(await berth.client.get(`/v2/${name}/manifests/latest`), 404, "the deleted tag");
});

test("a page of the catalog takes a few requests, however many repositories it shows", async (t) => {
  const { store, berth } = await serve(t);
  const names = Array.from({ length: 300 }, (_, index) => `app${1000 + index}`);
  for (const each of [...names, "app1000-b", "app1000/c"]) putRepository(store, each, 1);
  const requests = await countedOf(store, async () => {
    const shown = ["app1000", "app1000-b", "app1000/c", ...names.slice(1, 98)];
    assert.deepEqual(await catalogOf(berth.client, "n=100"), shown);
  });
  assert.ok(requests.length <= 12, requests.join("\n"));
});

test("the catalog is the same where repositories hold more than an answer of the store", async (t) => {
  const { store, berth } = await serve(t);
  for (const [each, tags] of [
    ["a", 1_500],
    ["a-b", 3],
    ["a/c", 1_100],
    ["b", 1],
    ["b/c/d", 1_000],
    ["c", 2],
  ] as const)
    putRepository(store, each, tags);
  assert.deepEqual(await catalogOf(berth.client, "n=100"), ["a", "a-b", "a/c", "b", "b/c/d", "c"]);
  assert.deepEqual(await catalogOf(berth.client, "n=2&last=a-b"), ["a/c", "b"]);
});

test("a large blob is pulled with one request for its bytes, and a part of it too", async (t) => {
  const { store, berth } = await serve(t);
  const bytes = seededBytes("large", 5 * MiB);
  const digest = digestOf(bytes);
  await pushBlob(berth.client, name, bytes);
  const whole = await countedOf(store, async () => {
    assert.ok((await berth.client.get(`/v2/${name}/blobs/${digest}`)).body.equals(bytes));
  });
  assert.equal(whole.filter((request) => /^GET .*\/data/.test(request)).length, 1);
  const part = await berth.client.get(`/v2/${name}/blobs/${digest}`, { range: "bytes=3000000-3999999" });
  assert.ok(part.body.equals(bytes.subarray(3_000_000, 4_000_000)));
});

async function serve(t: TestContext, tagFreshness = 1_000) {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  return { scope, store, berth: await runBerthOnBucket(scope, store, { s3: { tagFreshness, partSize: 8 * MiB } }) };
}

/** The same, with an image that has a tag. */
async function serveImage(t: TestContext, tagFreshness: number) {
  const served = await serve(t, tagFreshness);
  return { ...served, image: await pushImage(served.berth.client, "first") };
}

async function pushImage(client: RegistryClient, text: string): Promise<Digest> {
  const bytes = Buffer.from(`{"architecture":"${text}"}`);
  await pushBlob(client, name, bytes);
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(bytes), size: bytes.length };
  const manifest = manifestOf({ mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers: [] });
  await pushManifest(client, name, manifest, "latest");
  return manifest.descriptor.digest;
}

/** An image with a layer that is too large for memory; its manifest is pushed only with a tag. */
async function pushImageOfLayer(client: RegistryClient, text: string, tag?: string) {
  const [bytes, layer] = [Buffer.from(`{"architecture":"${text}"}`), seededBytes(text, MiB)];
  await pushInOnePut(client, bytes);
  await pushInOnePut(client, layer);
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(bytes), size: bytes.length };
  const layers = [{ mediaType: layerType, digest: digestOf(layer), size: layer.length }];
  const manifest = manifestOf({ mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers });
  if (tag !== undefined) await pushManifest(client, name, manifest, tag);
  return { manifest };
}

async function pushInSteps(client: RegistryClient, body: Buffer): Promise<void> {
  const appended = await client.request("PATCH", await startUpload(client, name), { body });
  expectStatus(appended, 202, "PATCH");
  expectStatus(await client.request("PUT", locationOf(appended, `digest=${digestOf(body)}`)), 201, "PUT");
}

async function pushInOnePut(client: RegistryClient, body: Buffer): Promise<void> {
  const session = await startUpload(client, name);
  expectStatus(await client.request("PUT", `${session}?digest=${digestOf(body)}`, { body }), 201, "PUT");
}

/** The requests to the store that something takes. */
async function countedOf(store: FakeStore, act: () => Promise<unknown>): Promise<readonly string[]> {
  const before = store.faults.requests.length;
  await act();
  return store.faults.requests.slice(before);
}

/** A repository as another program may have put it into the bucket. */
function putRepository(store: FakeStore, repository: string, tags: number): void {
  const root = `docker/registry/v2/repositories/${repository}`;
  const digest = digestOf(Buffer.from(repository));
  for (let tag = 0; tag < tags; tag++)
    store.replace(`${root}/_manifests/tags/${tag}/current/link`, Buffer.from(digest));
  store.replace(`${root}/_manifests/revisions/${digest.replace(":", "/")}/link`, Buffer.from(digest));
}

async function catalogOf(client: RegistryClient, query: string): Promise<unknown> {
  const answer = await client.request("GET", `/v2/_catalog?${query}`);
  return JSON.parse(answer.body.toString()).repositories;
}
