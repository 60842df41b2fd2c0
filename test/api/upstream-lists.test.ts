import { strict as assert } from "node:assert";
import { test } from "node:test";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { contentOf } from "../support/fake-upstream/content.js";
import { answer, html } from "../support/fake-upstream/faults.js";
import { errorReply, jsonReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { allTags, failureOf, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const artifact = {
  mediaType: mediaTypes.ociManifest,
  config: { mediaType: "application/x", digest: `sha256:${"a".repeat(64)}`, size: 1 },
  layers: [],
};

async function tagged(scope: Scope, count: number): Promise<[fake: FakeUpstream, tags: string[]]> {
  const fake = await FakeUpstream.start(scope);
  const { descriptor } = fake.store.addImage(name, []);
  const tags = Array.from({ length: count }, (_, index) => `v${String(index).padStart(4, "0")}`);
  for (const tag of tags) fake.store.tag(name, tag, descriptor.digest);
  return [fake, tags];
}

test("all pages of a tag list are read", async (t) => {
  const scope = new Scope(t);
  const [fake, tags] = await tagged(scope, 250);
  fake.habits.tagsPerPage = 100;
  assert.deepEqual(await allTags(upstreamAt(scope, fake.url)), tags);
  assert.equal(fake.ledger.count({ kind: "tags" }), 3);
});

for (const [what, filler] of [
  ["levels", "[".repeat(1_000_000) + "]".repeat(1_000_000)],
  ["values", `[0${",{}".repeat(1_100_000)}]`],
  ["keys", `{${Array.from({ length: 110_000 }, (_, key) => `"k${key}":0`)}}`],
] as const) {
  test(`a page of tags with more ${what} than any list is not parsed`, async (t) => {
    const scope = new Scope(t);
    const [fake] = await tagged(scope, 1);
    const body = contentOf(`{"name":"library/alpine","filler":${filler},"tags":["latest"]}`);
    fake.faults.add({ kind: "tags" }, (reply) => ({ ...reply, body }));
    await failureOf(allTags(upstreamAt(scope, fake.url)), "invalid", /more values, keys or levels than any list/);
  });
}

test("pages are found behind a reverse proxy that strips a prefix", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { prefix: "/hub" });
  const { descriptor } = fake.store.addImage(name, []);
  for (const tag of ["a", "b", "c"]) fake.store.tag(name, tag, descriptor.digest);
  fake.habits.tagsPerPage = 1;
  fake.faults.add({}, (reply) => {
    const link = reply.headers.link?.replace("/hub", "");
    return link ? { ...reply, headers: { ...reply.headers, link } } : reply;
  });
  assert.deepEqual(await allTags(upstreamAt(scope, fake.url)), ["a", "b", "c"]);
});

for (const [what, link] of [
  ["an internal host", '<http://registry.internal:5000/v2/library/alpine/tags/list?n=1&last=v0000>; rel="next"'],
  ["another scheme", '<https://127.0.0.1/v2/library/alpine/tags/list?n=1&last=v0000>; rel="next"'],
  ["an encoded path", '</v2/library%2Falpine/tags/list?n=1&last=v0000>; rel="next"'],
  ["another path", '</artifactory/api/docker/hub/v2/library/alpine/tags/list?n=1&last=v0000>; rel="next"'],
  ["an invalid host", '<http://[registry/v2/library/alpine/tags/list?n=1&last=v0000>; rel="next"'],
  ["only the query", '<?n=1&last=v0000>; rel="next"'],
] as const) {
  test(`of a link to the next page with ${what} only the query counts`, async (t) => {
    const scope = new Scope(t);
    const [fake, tags] = await tagged(scope, 2);
    fake.habits.tagsPerPage = 1;
    fake.faults.add({ kind: "tags" }, (reply) => ({ ...reply, headers: { ...reply.headers, link } }), { times: 1 });
    assert.deepEqual(await allTags(upstreamAt(scope, fake.url)), tags);
    assert.equal(fake.ledger.entries()[1]?.request.path, "/v2/library/alpine/tags/list");
    assert.equal(fake.ledger.entries()[1]?.request.query.get("last"), "v0000");
  });
}

for (const [what, link, message] of [
  ["in a loop", '</v2/library/alpine/tags/list?n=1000>; rel="next"', /loop/],
  ["without a query", '</v2/library/alpine/tags/list>; rel="next"', /no query/],
] as const) {
  test(`a next page ${what} is refused`, async (t) => {
    const scope = new Scope(t);
    const [fake] = await tagged(scope, 1);
    fake.faults.add({ kind: "tags" }, (reply) => ({ ...reply, headers: { ...reply.headers, link } }));
    await failureOf(allTags(upstreamAt(scope, fake.url)), "invalid", message);
    assert.equal(fake.ledger.count(), 1);
  });
}

test("endless pages are given up", async (t) => {
  const scope = new Scope(t);
  const [fake] = await tagged(scope, 1);
  let page = 0;
  fake.faults.add({ kind: "tags" }, (reply) => {
    page += 1;
    return { ...reply, headers: { ...reply.headers, link: `</v2/library/alpine/tags/list?page=${page}>; rel=next` } };
  });
  await failureOf(allTags(upstreamAt(scope, fake.url)), "invalid", /more than 1000 pages/);
});

test("invalid tags are left out of the list", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({}, answer(jsonReply(200, { tags: ["good", "../bad", 5, null, "a b", "__proto__"] })));
  assert.deepEqual(await allTags(upstreamAt(scope, fake.url)), ["good", "__proto__"]);
});

test("a repository without tags has an empty list, even if the upstream says null", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({}, answer(jsonReply(200, { name, tags: null })));
  assert.deepEqual(await allTags(upstreamAt(scope, fake.url)), []);
});

for (const [what, fault] of [
  ["a page", html],
  ["a text", answer(jsonReply(200, { tags: "latest" }))],
] as const) {
  test(`a tag list that is ${what} is invalid`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    fake.faults.add({}, fault);
    await failureOf(allTags(upstreamAt(scope, fake.url)), "invalid");
  });
}

test("the tags of a missing repository are not found", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  await failureOf(allTags(upstreamAt(scope, fake.url)), "not-found", /NAME_UNKNOWN/);
});

test("referrers come from the API, with what a client needs to choose among them", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { descriptor: subject } = fake.store.addImage(name, []);
  const signature = { ...artifact, artifactType: "application/signature", annotations: { by: "me" }, subject };
  const { descriptor } = fake.store.addManifest(name, signature);
  assert.deepEqual(await upstreamAt(scope, fake.url).listReferrers(name, subject.digest, requestOptions()), [
    {
      ...descriptor,
      artifactType: "application/signature",
      annotations: Object.assign(Object.create(null), { by: "me" }),
    },
  ]);
});

for (const algorithm of ["sha256", "sha512"] as const) {
  test(`without the API, referrers of a ${algorithm} digest come from the tag that clients maintain`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    fake.habits.hasReferrersApi = false;
    const { descriptor: subject } = fake.store.addManifest(name, artifact, undefined, algorithm);
    const referrer = fake.store.addManifest(name, { ...artifact, subject });
    const [, hex = ""] = subject.digest.split(":");
    fake.store.addIndex(name, [referrer], `${algorithm}-${hex.slice(0, 64)}`);
    const referrers = await upstreamAt(scope, fake.url).listReferrers(name, subject.digest, requestOptions());
    assert.deepEqual(
      referrers.map(({ digest }) => digest),
      [referrer.descriptor.digest],
    );
  });
}

test("an upstream with neither API nor tag has no referrers", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.habits.hasReferrersApi = false;
  const { descriptor: subject } = fake.store.addImage(name, []);
  assert.deepEqual(await upstreamAt(scope, fake.url).listReferrers(name, subject.digest, requestOptions()), []);
});

test("a failing upstream is not taken for one without referrers", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { descriptor: subject } = fake.store.addImage(name, []);
  fake.faults.add({ kind: "referrers" }, answer(errorReply(500, "UNKNOWN")));
  await failureOf(upstreamAt(scope, fake.url).listReferrers(name, subject.digest, requestOptions()), "unavailable");
});

for (const [what, entry] of [
  ["a text", "sha256:abc"],
  ["a path for a digest", { mediaType: "a/b", digest: "sha256:../../etc/passwd", size: 1 }],
  ["an invalid size", { mediaType: "a/b", digest: `sha256:${"a".repeat(64)}`, size: -1 }],
] as const) {
  test(`a referrer with ${what} is refused`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    const { descriptor: subject } = fake.store.addImage(name, []);
    fake.faults.add({ kind: "referrers" }, answer(jsonReply(200, { manifests: [entry] })));
    await failureOf(upstreamAt(scope, fake.url).listReferrers(name, subject.digest, requestOptions()), "invalid");
  });
}
