import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { ContentRules } from "../../src/proxy/content-rules.js";
import { answer, html, lateBy } from "../support/fake-upstream/faults.js";
import { emptyReply, jsonReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("team/app");
const path = `/v2/${name}/tags/list`;

async function withTags(scope: Scope, count: number, perPage: number) {
  const fake = await FakeUpstream.start(scope);
  const { descriptor } = fake.store.addImage(name, []);
  const tags = Array.from({ length: count }, (_, index) => `v${String(index).padStart(4, "0")}`);
  for (const tag of tags) fake.store.tag(name, tag, descriptor.digest);
  fake.habits.tagsPerPage = perPage;
  return { fake, tags };
}

function tagsIn({ body }: { readonly body: Buffer }): string[] {
  return JSON.parse(String(body)).tags;
}

test("for a part of a list, only the needed pages are read, and the next part continues there", async (t) => {
  const scope = new Scope(t);
  const { fake, tags } = await withTags(scope, 260, 10);
  const { client } = await runProxy(scope, fake.url);
  const first = await client.get(`${path}?n=10`);
  assert.deepEqual(tagsIn(first), tags.slice(0, 10));
  assert.match(first.headers.link ?? "", /last=v0009/);
  assert.equal(fake.ledger.count({ kind: "tags" }), 2);
  assert.deepEqual(tagsIn(await client.get(`${path}?n=5&last=v0009`)), tags.slice(10, 15));
  assert.equal(fake.ledger.count({ kind: "tags" }), 2);
  assert.deepEqual(tagsIn(await client.get(`${path}?n=5&last=v0101`)), tags.slice(102, 107));
  assert.equal(fake.ledger.count({ kind: "tags" }), 11);
  assert.deepEqual(tagsIn(await client.get(path)), tags);
  assert.equal(fake.ledger.count({ kind: "tags" }), 26);
});

test("each page of a list has its own timeout, however long all of them take", async (t) => {
  const scope = new Scope(t);
  const { fake, tags } = await withTags(scope, 12, 1);
  fake.faults.add({ kind: "tags" }, lateBy(100));
  const { client } = await runProxy(scope, fake.url, {
    client: upstreamAt(scope, fake.url, { name: "docker.io", answerTimeout: 600 }),
  });
  assert.deepEqual(tagsIn(await client.get(path)), tags);
});

test("an upstream list that is not in order is read completely, and served in order without duplicates", async (t) => {
  const scope = new Scope(t);
  const { fake } = await withTags(scope, 1, 1);
  const link = { link: `<${path}?page=2>; rel="next"` };
  fake.faults.add({ kind: "tags" }, (_, { query }) =>
    query.get("page") === "2" ? jsonReply(200, { tags: ["a", "c", "d"] }) : jsonReply(200, { tags: ["b", "c"] }, link),
  );
  const { client } = await runProxy(scope, fake.url);
  assert.deepEqual(tagsIn(await client.get(`${path}?n=10`)), ["a", "b", "c", "d"]);
});

test("only tags that may be pulled count for a page", async (t) => {
  const scope = new Scope(t);
  const { fake } = await withTags(scope, 40, 10);
  const { client } = await runProxy(scope, fake.url, { rules: new ContentRules([`${name}:*5`], []) });
  assert.deepEqual(tagsIn(await client.get(`${path}?n=2`)), ["v0005", "v0015"]);
  assert.equal(fake.ledger.count({ kind: "tags" }), 3);
});

test("a hundred clients that request the same tags are one request", async (t) => {
  const scope = new Scope(t);
  const { fake, tags } = await withTags(scope, 20, 10);
  const { client } = await runProxy(scope, fake.url);
  const answers = await Promise.all(Array.from({ length: 100 }, () => client.get(path)));
  for (const each of answers) assert.deepEqual(tagsIn(each), tags);
  assert.equal(fake.ledger.count({ kind: "tags" }), 2);
});

test("a client that leaves while a list is read does not affect the others", async (t) => {
  const scope = new Scope(t);
  const { fake, tags } = await withTags(scope, 20, 1);
  fake.faults.add({ kind: "tags" }, lateBy(10));
  const { client } = await runProxy(scope, fake.url);
  const leaving = client.start("GET", path);
  leaving.end().catch(() => {});
  const staying = client.get(path);
  leaving.cut();
  assert.deepEqual(tagsIn(await staying), tags);
  assert.equal(fake.ledger.count({ kind: "tags" }), 20);
});

test("an interrupted list is never served as if it were complete, and is served completely once the upstream has recovered", async (t) => {
  const scope = new Scope(t);
  const { fake, tags } = await withTags(scope, 20, 10);
  const { client } = await runProxy(scope, fake.url);
  assert.deepEqual(tagsIn(await client.get(`${path}?n=3`)), tags.slice(0, 3));
  const recover = fake.faults.add({ kind: "tags" }, answer(emptyReply(500)));
  for (let times = 0; times < 2; times++) assert.equal((await client.get(path)).status, 503);
  recover();
  assert.deepEqual(tagsIn(await client.get(path)), tags);
});

for (const [what, fault] of [
  ["403", answer(emptyReply(403))],
  ["500", answer(emptyReply(500))],
  ["429", answer(emptyReply(429))],
  ["a web page", html],
  ["{}", answer(jsonReply(200, {}))],
  ["[]", answer(jsonReply(200, []))],
  ["an error under 200", answer(jsonReply(200, { errors: [] }))],
] as const) {
  test(`if the upstream answers ${what} for its tags, that is not an empty list; stored tags are listed with a warning`, async (t) => {
    const scope = new Scope(t);
    const { fake, tags } = await withTags(scope, 2, 10);
    const { client } = await runProxy(scope, fake.url);
    fake.faults.add({ kind: "tags" }, fault);
    assert.ok((await client.get(path)).status >= 400);
    await client.get(`/v2/${name}/manifests/${tags[0]}`);
    const stored = await client.get(path);
    assert.deepEqual([stored.status, tagsIn(stored)], [200, [tags[0]]]);
    assert.match(String(stored.headers.warning), /^299 - "only the cached tags are listed: /);
  });
}

test("lists are remembered by their size, not by their number", async (t) => {
  const scope = new Scope(t);
  const { fake } = await withTags(scope, 1, 1);
  const tags = Array.from({ length: 40_000 }, (_, index) => `t${String(index).padStart(120, "0")}`);
  fake.faults.add({ kind: "tags" }, answer(jsonReply(200, { tags })));
  const { client } = await runProxy(scope, fake.url);
  for (const repository of ["a", "b", "c", "a"]) await client.head(`/v2/team/${repository}/tags/list?n=1`);
  assert.equal(fake.ledger.count({ kind: "tags" }), 4, "three such lists do not fit in memory");
});

test("a client that sends no-cache gets the current list", async (t) => {
  const scope = new Scope(t);
  const { fake, tags } = await withTags(scope, 2, 10);
  const { client } = await runProxy(scope, fake.url);
  await client.get(path);
  fake.store.tag(name, "zz", fake.store.findManifest(name, "v0000")?.descriptor.digest ?? "sha256:0");
  assert.deepEqual(tagsIn(await client.get(path)), tags);
  assert.deepEqual(tagsIn(await client.get(path, { "cache-control": "no-cache" })), [...tags, "zz"]);
});
