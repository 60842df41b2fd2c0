import { strict as assert } from "node:assert";
import { test } from "node:test";
import { seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const name = "library/alpine";
const tagPath = `/v2/${name}/manifests/latest`;

test("a pull with HEAD of the tag and GET of its digest, as docker does, can be repeated while the upstream is down", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { descriptor } = fake.store.addImage(name, [seededBytes("layer", 1_000)], "latest");
  const { client } = await runProxy(scope, fake.url);
  assert.equal((await client.head(tagPath)).headers["docker-content-digest"], descriptor.digest);
  assert.equal((await client.get(`/v2/${name}/manifests/${descriptor.digest}`)).status, 200);
  assert.equal(fake.ledger.count({ method: "GET", kind: "manifest" }), 1);
  await fake.stop();
  const answer = await client.head(tagPath);
  assert.deepEqual([answer.status, answer.headers["docker-content-digest"]], [200, descriptor.digest]);
});

test("the second request may reach another process", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { descriptor } = fake.store.addImage(name, [seededBytes("layer", 1_000)], "latest");
  const first = await runProxy(scope, fake.url);
  const second = await runProxy(scope, fake.url, { root: first.root });
  await first.client.head(tagPath);
  await second.client.get(`/v2/${name}/manifests/${descriptor.digest}`);
  await fake.stop();
  for (const { client } of [first, second]) {
    assert.equal((await client.head(tagPath)).headers["docker-content-digest"], descriptor.digest);
  }
});

test("if a tag moves between the requests of two clients, the later answer counts", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { client } = await runProxy(scope, fake.url);
  const first = fake.store.addImage(name, [seededBytes("first", 1_000)], "latest").descriptor.digest;
  await client.head(tagPath);
  const second = fake.store.addImage(name, [seededBytes("second", 1_000)], "latest").descriptor.digest;
  await client.head(tagPath);
  for (const digest of [second, first]) await client.get(`/v2/${name}/manifests/${digest}`);
  await fake.stop();
  assert.equal((await client.head(tagPath)).headers["docker-content-digest"], second);
});
