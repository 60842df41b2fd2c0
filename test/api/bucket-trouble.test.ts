import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { expectStatus, pushBlob, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runBerthOnBucket } from "../support/object-stores/bucket-berth.js";
import { startCachedReplica } from "../support/object-stores/cached-replicas.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import type { Answer, RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const name = "team/app";
const bytes = seededBytes("layer", 400_000);

const requests: readonly (readonly [
  what: string,
  ask: (client: RegistryClient, session: string) => Promise<Answer>,
])[] = [
  ["a manifest by tag", (client) => client.get(`/v2/${name}/manifests/latest`)],
  ["a large blob", (client) => client.get(`/v2/${name}/blobs/${digestOf(bytes)}`)],
  ["HEAD of a blob", (client) => client.head(`/v2/${name}/blobs/${digestOf(bytes)}`)],
  ["the tags", (client) => client.get(`/v2/${name}/tags/list`)],
  ["the catalog", (client) => client.get("/v2/_catalog")],
  ["the start of an upload", (client) => client.request("POST", `/v2/${name}/blobs/uploads/`)],
  ["bytes of an upload", (client, session) => client.request("PATCH", session, { body: bytes })],
  [
    "a whole upload",
    (client, session) => client.request("PUT", `${session}?digest=${digestOf(bytes)}`, { body: bytes }),
  ],
  ["a deletion", (client) => client.request("DELETE", `/v2/${name}/manifests/latest`)],
];

for (const [status, code] of [
  [503, "SlowDown"],
  [500, "InternalError"],
] as const) {
  for (const [what, ask] of requests) {
    test(`while the store answers ${status} ${code}, ${what} gets 503 with Retry-After, and works again afterwards`, async (t) => {
      const { client, store } = await serveImage(t);
      const session = (await client.request("POST", `/v2/${name}/blobs/uploads/`)).headers.location ?? "";
      store.faults.add(/./, { kind: "status", status, code }, 1_000_000);
      const answer = await ask(client, session);
      expectStatus(answer, 503, what);
      assert.ok(Number(answer.headers["retry-after"]) > 0, what);
      if (what !== "HEAD of a blob") assert.ok(JSON.parse(answer.body.toString()).errors[0].message, what);
      store.faults.clear();
      assert.ok((await ask(client, session)).status < 300, `${what} afterwards`);
    });
  }
}

test("health checks ask the store for nothing", async (t) => {
  const { client, store } = await serveImage(t);
  const before = store.faults.requests.length;
  for (const path of ["/healthz", "/readyz", "/v2/"]) expectStatus(await client.get(path), 200, path);
  assert.deepEqual(store.faults.requests.slice(before), []);
});

test("from a bucket that has become read-only, everything is pulled, and a push is refused until the keys may write again", async (t) => {
  const { client, store } = await serveImage(t);
  const manifest = (await client.get(`/v2/${name}/manifests/latest`)).body;
  const session = (await client.request("POST", `/v2/${name}/blobs/uploads/`)).headers.location ?? "";
  denyChanges(store);
  await pullAll(client);
  const type = { "content-type": "application/vnd.oci.image.manifest.v1+json" };
  const changes = {
    "the start of an upload": () => client.request("POST", `/v2/${name}/blobs/uploads/`),
    "bytes of an upload": () => client.request("PATCH", session, { body: bytes }),
    "the end of an upload": () => client.request("PUT", `${session}?digest=${digestOf(bytes)}`, { body: bytes }),
    "a manifest": () => client.request("PUT", `/v2/${name}/manifests/new`, { body: manifest, headers: type }),
    "a deletion": () => client.request("DELETE", `/v2/${name}/manifests/latest`),
  };
  for (const [what, change] of Object.entries(changes)) {
    const answer = await change();
    expectStatus(answer, 405, what);
    assert.match(answer.body.toString(), /storage is read-only: nothing can be pushed or deleted/);
  }
  store.faults.clear();
  await pushSmallImage(client, name, "later", { tag: "later" });
  expectStatus(await changes["a deletion"](), 202, "a deletion afterwards");
  // The server stops while its keys may not write: that must not fail either.
  denyChanges(store);
});

test("a Berth that began on a read-only bucket never changes it, though its keys may write later", async (t) => {
  const store = await FakeStore.start(new Scope(t));
  // Stopped before: it may write, and notes pulls at times of its own.
  await Scope.during((scope) => storeImage(scope, store));
  denyChanges(store);
  const { client } = await runBerthOnBucket(new Scope(t), store);
  await pullAll(client);
  store.faults.clear();
  const asked = store.faults.requests.length;
  expectStatus(await client.request("POST", `/v2/${name}/blobs/uploads/`), 405, "a push");
  expectStatus(await client.request("DELETE", `/v2/${name}/manifests/latest`), 405, "a deletion");
  await pullAll(client);
  assert.deepEqual(
    store.faults.requests.slice(asked).filter((request) => !/^(GET|HEAD) /.test(request)),
    [],
  );
});

test("a cache on a bucket that is or becomes read-only serves what it has, and passes on what it lacks", async (t) => {
  const scope = new Scope(t);
  const [fake, store] = [await FakeUpstream.start(scope), await FakeStore.start(scope)];
  const image = parseRepositoryName("library/alpine");
  const [warm, cold] = [bytes, seededBytes("cold", 3_000_000)];
  fake.store.addImage(image, [warm, cold], "latest");
  const first = await startCachedReplica(scope, store, fake.url);
  const pull = async ({ client }: { readonly client: RegistryClient }, layer: Buffer) => {
    expectStatus(await client.get(`/v2/${image}/manifests/latest`), 200, "a manifest");
    assert.ok((await client.get(`/v2/${image}/blobs/${digestOf(layer)}`)).body.equals(layer));
  };
  await pull(first, warm);
  denyChanges(store);
  const second = await startCachedReplica(scope, store, fake.url);
  for (const replica of [first, second]) for (const layer of [warm, cold]) await pull(replica, layer);
  store.faults.clear();
  // Those that had no room try again only half a minute later.
  await pull(await startCachedReplica(scope, store, fake.url), cold);
  const isStored = () => store.keys().some((key) => key.includes(digestOf(cold).slice(7)));
  await waitUntil("the blob is stored", () => isStored() || undefined);
});

test("a store that answers late is waited for: an image is pushed and pulled whole, by clients at once", async (t) => {
  const { client, store } = await serveImage(t);
  store.faults.add(/./, { kind: "late", byMs: 20 }, 1_000_000);
  const images = await Promise.all(
    ["one", "two", "three"].map((tag) => pushSmallImage(client, "team/late", tag, { tag })),
  );
  for (const [index, tag] of ["one", "two", "three"].entries()) {
    const pulled = await client.get(`/v2/team/late/manifests/${tag}`);
    expectStatus(pulled, 200, tag);
    assert.equal(pulled.headers["docker-content-digest"], images[index]?.descriptor.digest);
  }
});

async function serveImage(t: TestContext) {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  return { client: await storeImage(scope, store), store };
}

async function storeImage(scope: Scope, store: FakeStore): Promise<RegistryClient> {
  const { client } = await runBerthOnBucket(scope, store);
  await pushSmallImage(client, name, "text", { tag: "latest" });
  await pushBlob(client, name, bytes);
  return client;
}

/** As a policy does that lets keys only read. */
function denyChanges(store: FakeStore): void {
  store.faults.add(/^(PUT|POST|DELETE) /, { kind: "status", status: 403, code: "AccessDenied" }, 1_000_000);
}

async function pullAll(client: RegistryClient): Promise<void> {
  expectStatus(await client.get(`/v2/${name}/manifests/latest`), 200, "a manifest");
  assert.ok((await client.get(`/v2/${name}/blobs/${digestOf(bytes)}`)).body.equals(bytes));
  expectStatus(await client.get(`/v2/${name}/tags/list`), 200, "the tags");
  expectStatus(await client.get("/v2/_catalog"), 200, "the catalog");
}

// SeaweedFS (seaweedfs#10194) and Spaces (distribution#2847) answered so; registry 2 failed with "path not found".
test("a blob that the store shows a moment after it was put together is pushed all the same", async (t) => {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const berth = await runBerthOnBucket(scope, store);
  const late = seededBytes("late", 20 * 1024 * 1024);
  // The first question is whether it is there already.
  store.faults.add(/^HEAD .*\/blobs\/sha256\/.*\/data/, { kind: "status", status: 404, code: "NoSuchKey" }, 3);
  await pushBlob(berth.client, name, late);
  const pulled = await berth.client.get(`/v2/${name}/blobs/${digestOf(late)}`);
  assert.ok(pulled.body.equals(late));
});
