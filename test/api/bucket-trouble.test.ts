import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { expectStatus, pushBlob, seededBytes } from "../support/content.js";
import { runBerthOnBucket } from "../support/object-stores/bucket-berth.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import type { Answer, RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";

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
  const { client } = await runBerthOnBucket(scope, store);
  await pushSmallImage(client, name, "text", { tag: "latest" });
  await pushBlob(client, name, bytes);
  return { client, store };
}
