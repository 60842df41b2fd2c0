import { strict as assert } from "node:assert";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { answer, type Fault, hangUp, header, html } from "../support/fake-upstream/faults.js";
import { emptyReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { failureOf, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("team/app");
const latest = parseTag("latest");
const missing = parseTag("missing");
const layer = seededBytes("layer", 1_000);
const tagPath = `/v2/${name}/manifests/latest`;
const elsewhere = { name: "up.example", prefix: "up.example", namespaces: ["up.example"] };

async function withImage(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  return { fake, image: fake.store.addImage(name, [layer], "latest") };
}

for (const status of [400, 401, 403, 404, 406, 410, 500, 502, 503]) {
  test(`a tag whose HEAD answers ${status} is fetched by GET, and then only by GET`, async (t) => {
    const scope = new Scope(t);
    const { fake, image } = await withImage(scope);
    fake.faults.add({ method: "HEAD" }, answer(emptyReply(status)));
    const upstream = upstreamAt(scope, fake.url);
    const head = await upstream.headManifest(name, latest, requestOptions());
    assert.deepEqual([head.digest, head.size], [image.descriptor.digest, image.bytes.length]);
    assert.deepEqual(head.manifest?.bytes, image.bytes);
    await upstream.headManifest(name, latest, requestOptions());
    assert.deepEqual([fake.ledger.count({ method: "HEAD" }), fake.ledger.count({ method: "GET" })], [1, 2]);
  });
}

test("a HEAD that is cut off is followed by a GET", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  fake.faults.add({ method: "HEAD" }, hangUp);
  const head = await upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions());
  assert.equal(head.digest, image.descriptor.digest);
});

test("a HEAD that is refused by 429 is followed by nothing", async (t) => {
  const scope = new Scope(t);
  const { fake } = await withImage(scope);
  fake.faults.add({ method: "HEAD" }, answer(emptyReply(429, { "retry-after": "60" })));
  await failureOf(upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions()), "rate-limited");
  assert.equal(fake.ledger.count(), 1);
});

test("missing content costs two requests once, and one from then on, for any tag", async (t) => {
  const scope = new Scope(t);
  const { fake } = await withImage(scope);
  const upstream = upstreamAt(scope, fake.url);
  for (const tag of [missing, missing, parseTag("another"), missing]) {
    await failureOf(upstream.headManifest(name, tag, requestOptions()), "not-found");
  }
  assert.equal(fake.ledger.count(), 5);
});

test("a new tag is found, although HEAD and GET agreed before that it was missing and HEAD still says so", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  fake.faults.add({ method: "HEAD" }, answer(emptyReply(404)));
  const upstream = upstreamAt(scope, fake.url);
  await failureOf(upstream.headManifest(name, missing, requestOptions()), "not-found");
  fake.store.tag(name, missing, image.descriptor.digest);
  assert.equal((await upstream.headManifest(name, missing, requestOptions())).digest, image.descriptor.digest);
});

test("Docker Hub's HEAD is trusted, since a GET costs its quota", async (t) => {
  const scope = new Scope(t);
  const { fake } = await withImage(scope);
  const hub = upstreamAt(scope, fake.url, { name: "docker.io" });
  await failureOf(hub.headManifest(name, missing, requestOptions()), "not-found");
  assert.equal(fake.ledger.count({ method: "GET" }), 0);
  fake.quota.isTold = true;
  const counting = upstreamAt(scope, fake.url);
  await counting.headManifest(name, latest, requestOptions());
  await failureOf(counting.headManifest(name, missing, requestOptions()), "not-found");
  assert.equal(fake.ledger.count({ method: "GET" }), 0);
});

for (const [what, fault] of [
  ["length 0", header("content-length", "0")],
  ["the length of the compressed form", header("content-length", "17")],
  ["an encoding", header("content-encoding", "gzip")],
] as const) {
  test(`a client gets the real size, if the upstream's HEAD gives ${what}`, async (t) => {
    const scope = new Scope(t);
    const { fake, image } = await withImage(scope);
    fake.faults.add({ method: "HEAD" }, fault);
    const { client } = await runProxy(scope, fake.url, elsewhere);
    for (let times = 0; times < 2; times++) {
      assert.equal((await client.head(tagPath)).headers["content-length"], String(image.bytes.length));
    }
    assert.deepEqual((await client.get(tagPath)).body, image.bytes);
    assert.equal(fake.ledger.count({ method: "GET" }), 1);
  });
}

test("a manifest that exists by tag and not by digest is fetched by tag, and the digest is verified", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  const { digest } = image.descriptor;
  fake.faults.add({ kind: "manifest", reference: digest }, answer(emptyReply(404)));
  const { client } = await runProxy(scope, fake.url, elsewhere);
  assert.deepEqual((await client.get(tagPath)).body, image.bytes);
  assert.deepEqual((await client.get(`/v2/${name}/manifests/${digest}`)).body, image.bytes);
  fake.store.addImage(name, [seededBytes("newer", 1_000)], "latest");
  fake.ledger.clear();
  const newer = fake.store.findManifest(name, "latest");
  assert.deepEqual((await client.get(tagPath)).body, newer?.bytes);
});

test("a client that requests HEAD of the tag and GET of its digest, as docker does, gets what exists only by tag", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  const { digest } = image.descriptor;
  fake.faults.add({ kind: "manifest", reference: digest }, answer(emptyReply(404)));
  for (const upstream of [elsewhere, {}]) {
    const { client } = await runProxy(scope, fake.url, upstream);
    assert.equal((await client.head(tagPath)).headers["docker-content-digest"], digest);
    assert.deepEqual((await client.get(`/v2/${name}/manifests/${digest}`)).body, image.bytes);
  }
});

test("a digest that the upstream does not have is not taken from a tag that points elsewhere", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  const { client } = await runProxy(scope, fake.url);
  await client.head(tagPath);
  fake.store.removeManifest(name, image.descriptor.digest);
  fake.store.addImage(name, [seededBytes("newer", 1_000)], "latest");
  assert.equal((await client.get(`/v2/${name}/manifests/${image.descriptor.digest}`)).status, 404);
});

test("a failure by digest together with a missing tag is reported as a failure", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  fake.faults.add({ kind: "manifest", reference: image.descriptor.digest }, answer(emptyReply(500)));
  fake.faults.add({ kind: "manifest", method: "GET", reference: "latest" }, answer(emptyReply(404)));
  const { client } = await runProxy(scope, fake.url, elsewhere);
  assert.equal((await client.get(tagPath)).status, 503);
});

test("a manifest that is encoded in transit, although identity was requested, is decoded and verified", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  const encode: Fault = (reply) => {
    const body = gzipSync(reply.body.slice(0, reply.body.size));
    const headers = { ...reply.headers, "content-encoding": "gzip" };
    return { ...reply, headers, body: { size: body.length, slice: (start, end) => body.subarray(start, end) } };
  };
  fake.faults.add({ kind: "manifest" }, encode);
  const upstream = upstreamAt(scope, fake.url);
  assert.deepEqual((await upstream.getManifest(name, latest, requestOptions())).bytes, image.bytes);
  assert.deepEqual((await upstream.getManifest(name, image.descriptor.digest, requestOptions())).bytes, image.bytes);
  fake.faults.add({ kind: "manifest" }, header("docker-content-digest", ""));
  const { digest, bytes } = await upstream.getManifest(name, latest, requestOptions());
  assert.deepEqual([digest, bytes], [image.descriptor.digest, image.bytes]);
});

test("a manifest that is only declared as encoded, or as a web page, is verified by its digest", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  const upstream = upstreamAt(scope, fake.url);
  for (const fault of [
    header("content-encoding", "gzip"),
    header("content-encoding", "aws-chunked"),
    header("content-encoding", "utf-8"),
    header("content-type", "text/html"),
  ]) {
    const undo = fake.faults.add({ kind: "manifest" }, fault);
    assert.deepEqual((await upstream.getManifest(name, latest, requestOptions())).bytes, image.bytes);
    undo();
  }
});

test("a manifest that would be too large when decoded is refused", async (t) => {
  const scope = new Scope(t);
  const { fake } = await withImage(scope);
  const bomb = gzipSync(Buffer.from(JSON.stringify({ padding: " ".repeat(50 * 1024 * 1024) })));
  fake.faults.add({ kind: "manifest" }, () => ({
    status: 200,
    headers: { "content-encoding": "gzip" },
    body: { size: bomb.length, slice: (start, end) => bomb.subarray(start, end) },
  }));
  await failureOf(
    upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions()),
    "invalid",
    /nor decoded \(gzip\)/,
  );
});

test("a manifest that would take long to parse is refused before it is parsed", async (t) => {
  const scope = new Scope(t);
  const { fake } = await withImage(scope);
  for (const text of [`{"many":[${"1,".repeat(1_000_000)}1]}`, `{"deep":${"[".repeat(20_000)}${"]".repeat(20_000)}}`]) {
    fake.store.addManifestBytes(name, Buffer.from(text), "application/json", "latest");
    await failureOf(
      upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions()),
      "invalid",
      /manifest is refused/,
    );
  }
});

test("a login page in place of a manifest is refused", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  fake.faults.add({ kind: "manifest" }, html);
  const upstream = upstreamAt(scope, fake.url);
  for (const reference of [latest, image.descriptor.digest]) {
    await failureOf(upstream.getManifest(name, reference, requestOptions()), "invalid", /web page/);
  }
});

test("the same digest twice in one header is that digest", async (t) => {
  const scope = new Scope(t);
  const { fake, image } = await withImage(scope);
  const { digest } = image.descriptor;
  fake.faults.add({ method: "HEAD" }, header("docker-content-digest", `${digest}, ${digest}`));
  assert.equal((await upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions())).digest, digest);
  assert.equal(fake.ledger.count({ method: "GET" }), 0);
});

test("a client that sends no-cache has the tag requested again", async (t) => {
  const scope = new Scope(t);
  const { fake } = await withImage(scope);
  const { client } = await runProxy(scope, fake.url, { tagTtl: 60_000 });
  await client.get(tagPath);
  const moved = fake.store.addImage(name, [seededBytes("moved", 1_000)], "latest");
  fake.ledger.clear();
  await client.get(tagPath);
  assert.equal(fake.ledger.count(), 0);
  for (const headers of [
    { "cache-control": "no-cache" },
    { "cache-control": "max-age=0, foo" },
    { pragma: "no-cache" },
  ]) {
    const { headers: told } = await client.get(tagPath, headers);
    assert.equal(told["docker-content-digest"], moved.descriptor.digest);
  }
  assert.deepEqual([fake.ledger.count({ method: "HEAD" }), fake.ledger.count({ method: "GET" })], [3, 1]);
});
