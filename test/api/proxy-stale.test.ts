import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { answer, silence } from "../support/fake-upstream/faults.js";
import { errorReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const name = parseRepositoryName("library/alpine");
const tagPath = "/v2/library/alpine/manifests/latest";
const layer = seededBytes("layer", 10_000);

test("an unchanged tag is confirmed by HEAD, a moved one costs one GET", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const { client } = await runProxy(scope, fake.url);
  await client.get(tagPath);
  fake.ledger.clear();
  assert.equal((await client.get(tagPath)).headers["x-cache"], "hit");
  assert.equal(fake.ledger.count({ method: "GET" }), 0);
  const moved = fake.store.addImage(name, [seededBytes("new layer", 10_000)], "latest");
  assert.deepEqual((await client.get(tagPath)).body, moved.bytes);
  assert.equal(fake.ledger.count({ kind: "manifest", method: "GET" }), 1);
});

test("while the upstream is unreachable, the whole image is served from storage, with a warning", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [layer], "latest");
  const { client, root, stop } = await runProxy(scope, fake.url);
  const blobs = [image.config, ...image.layers].map(({ digest }) => `/v2/library/alpine/blobs/${digest}`);
  for (const path of [tagPath, ...blobs]) await client.get(path);
  await fake.stop();
  await stop();
  const restarted = await runProxy(scope, fake.url, { root });
  const manifest = await restarted.client.get(tagPath);
  assert.equal(manifest.status, 200);
  assert.equal(manifest.headers["x-cache"], "stale");
  assert.match(String(manifest.headers.warning), /^299 - "served from the cache/);
  assert.deepEqual(manifest.body, image.bytes);
  for (const path of blobs) assert.equal((await restarted.client.get(path)).status, 200);
});

test("an upstream that never answers delays no one for longer than the deadline for stored copies", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const { client } = await runProxy(scope, fake.url, { staleDeadline: 50 });
  await client.get(tagPath);
  fake.faults.add({}, silence);
  assert.equal((await client.get(tagPath)).headers["x-cache"], "stale");
});

for (const [status, expected] of [
  [429, 429],
  [500, 503],
] as const) {
  test(`without a stored copy an upstream's ${status} becomes a ${expected} with Retry-After`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    fake.store.addImage(name, [layer], "latest");
    fake.faults.add({}, answer(errorReply(status, "TOOMANYREQUESTS", "slow down")));
    const { client } = await runProxy(scope, fake.url);
    const refused = await client.get(tagPath);
    assert.equal(refused.status, expected);
    assert.ok(Number(refused.headers["retry-after"]) > 0);
  });
}

test("a tag that is gone upstream is kept or dropped, as the operator wants", async (t) => {
  const scope = new Scope(t);
  for (const [onDelete, status] of [
    ["keep", 200],
    ["drop", 404],
  ] as const) {
    const fake = await FakeUpstream.start(scope);
    fake.store.addImage(name, [layer], "latest");
    const { client } = await runProxy(scope, fake.url, { onDelete });
    await client.get(tagPath);
    fake.faults.add({ kind: "manifest" }, answer(errorReply(404, "MANIFEST_UNKNOWN", "gone")));
    assert.equal((await client.get(tagPath)).status, status);
  }
});

test("what the upstream does not have is requested only now and then", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { client } = await runProxy(scope, fake.url, { notFoundTtl: 60_000 });
  for (let times = 0; times < 3; times++) assert.equal((await client.get(tagPath)).status, 404);
  assert.equal(fake.ledger.count({ kind: "manifest" }), 1);
});

test("tags are listed from the upstream, and from storage while it is unreachable", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  for (const tag of ["1", "2", "latest"]) fake.store.addImage(name, [layer], tag);
  const { client, root } = await runProxy(scope, fake.url);
  await client.get(tagPath);
  const list = "/v2/library/alpine/tags/list";
  assert.deepEqual(JSON.parse(String((await client.get(list)).body)).tags, ["1", "2", "latest"]);
  await fake.stop();
  const other = await runProxy(scope, fake.url, { root });
  assert.deepEqual(JSON.parse(String((await other.client.get(list)).body)).tags, ["latest"]);
});

test("a tag that was confirmed by a clock in the future is requested again", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const { client, storage } = await runProxy(scope, fake.url, { tagTtl: 60_000 });
  await client.get(tagPath);
  await storage.tagChecks.recordCheck(name, parseTag("latest"), Date.now() + 24 * 60 * 60_000);
  const moved = fake.store.addImage(name, [seededBytes("new layer", 10_000)], "latest");
  assert.deepEqual((await client.get(tagPath)).body, moved.bytes);
});
