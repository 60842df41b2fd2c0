import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 10_000);
const path = "/v2/library/alpine/manifests/latest";

test("asking only what a new tag points to costs no pull of the upstream's quota", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [layer], "latest");
  const { client } = await runProxy(scope, fake.url);
  const head = await client.head(path);
  assert.equal(head.status, 200);
  assert.equal(head.headers["docker-content-digest"], image.descriptor.digest);
  assert.equal(head.headers["content-length"], String(image.bytes.length));
  assert.equal(head.headers["x-cache"], "miss");
  assert.equal(fake.ledger.count({ kind: "manifest", method: "GET" }), 0);
});

test("a client that sends ?ns= is told that it was understood, and others are not", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const { client } = await runProxy(scope, fake.url);
  assert.equal((await client.get(`${path}?ns=docker.io`)).headers["oci-namespace"], "docker.io");
  assert.equal((await client.get("/v2/library/alpine/tags/list?ns=docker.io")).headers["oci-namespace"], "docker.io");
  assert.equal((await client.get(`${path}?ns=Index.docker.io`)).headers["oci-namespace"], "Index.docker.io");
  const unnamed = await client.get(`${path}?ns=`);
  assert.deepEqual([unnamed.status, unnamed.headers["oci-namespace"]], [200, undefined]);
  assert.equal((await client.get(path)).headers["oci-namespace"], undefined);
  assert.equal(
    (await client.get("/v2/docker.io/alpine/manifests/latest?ns=other")).headers["oci-namespace"],
    undefined,
  );
});

test("a request that came from this registry through its own upstream is refused, not sent in a loop", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const { client } = await runProxy(scope, fake.url);
  await client.get(path, { via: "1.1 somebody" });
  const via = fake.ledger.last({ kind: "manifest" }).headers.via;
  assert.match(String(via), /^1\.1 somebody, 1\.1 berth/);
  fake.ledger.clear();
  const looped = await client.get(path, { via: `${via}, 1.1 another` });
  assert.equal(looped.status, 508);
  assert.match(looped.body.toString(), /its url leads here/);
  assert.equal(fake.ledger.count(), 0);
});

test("a trace is logged and passed on to the upstream, but an invalid one is not", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const { client, log } = await runProxy(scope, fake.url);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  for (const [kind, target] of [
    ["manifest", path],
    ["blob", `/v2/${name}/blobs/${digestOf(layer)}`],
  ] as const) {
    await client.get(target, { traceparent });
    assert.equal(fake.ledger.last({ kind }).headers.traceparent, traceparent);
    assert.equal(log.named("request").at(-1)?.trace, "0af7651916cd43dd8448eb211c80319c");
  }
  await client.get(path, { traceparent: "00-none-01" });
  assert.equal(fake.ledger.last({ kind: "manifest" }).headers.traceparent, undefined);
  assert.equal(log.named("request").at(-1)?.trace, undefined);
});

test("each download is one log line", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [layer], "latest");
  const { client, log } = await runProxy(scope, fake.url);
  await client.get(path);
  await client.get(`/v2/library/alpine/blobs/${image.layers[0]?.digest}`);
  // The client may receive the last byte before the line is written.
  const lineOf = (event: string) => waitUntil(event, () => log.named(event)[0]);
  assert.equal((await lineOf("manifest cached")).digest, image.descriptor.digest);
  const { bytes, clients, seconds } = await lineOf("blob cached");
  assert.deepEqual({ bytes, clients }, { bytes: layer.length, clients: "127.0.0.1" });
  assert.equal(typeof seconds, "number");
});

test("a tag does not return to an older answer of the upstream", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const before = fake.store.addImage(name, [seededBytes("before", 1_000)], "latest");
  const { client } = await runProxy(scope, fake.url, { tagTtl: 60_000 });
  assert.equal((await client.head(path)).headers["docker-content-digest"], before.descriptor.digest);
  const after = fake.store.addImage(name, [seededBytes("after", 1_000)], "latest");
  await client.get(path);
  await client.get(`/v2/library/alpine/manifests/${before.descriptor.digest}`);
  assert.equal((await client.get(path)).headers["docker-content-digest"], after.descriptor.digest);
});
