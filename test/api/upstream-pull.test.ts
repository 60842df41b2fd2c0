import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { cutAt, header, methodNotAllowed } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { failureOf, readWhole, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const latest = parseTag("latest");

test("a manifest is returned byte for byte, with the digest of its bytes and its type", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [seededBytes("layer", 1000)], "latest");
  const manifest = await upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions());
  assert.deepEqual(manifest.bytes, image.bytes);
  assert.equal(manifest.digest, image.descriptor.digest);
  assert.equal(manifest.mediaType, image.descriptor.mediaType);
});

test("every type of image and index is accepted, so that an index is not replaced by one platform", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addIndex(name, [fake.store.addImage(name, [])], "latest");
  await upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions());
  const { accept = "", ...headers } = fake.ledger.last({ kind: "manifest" }).headers;
  for (const type of ["oci.image.index.v1", "manifest.list.v2", "oci.image.manifest.v1", "distribution.manifest.v2"]) {
    assert.match(accept, new RegExp(type));
  }
  assert.equal(headers["accept-encoding"], "identity");
  assert.equal(headers["user-agent"], "berth/0.0.0");
});

test("a HEAD of a tag returns digest, type and size without a GET", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [], "latest");
  const head = await upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions());
  assert.deepEqual(head, image.descriptor);
  assert.equal(fake.ledger.count({ method: "GET" }), 0);
});

test("an upstream without HEAD is asked by GET, and the manifest is passed on", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [], "latest");
  fake.faults.add({ method: "HEAD" }, methodNotAllowed);
  const head = await upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions());
  assert.equal(head.digest, image.descriptor.digest);
  assert.deepEqual(head.manifest?.bytes, image.bytes);
});

test("an upstream whose HEAD gives no digest is asked by GET", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [], "latest");
  fake.faults.add({ method: "HEAD" }, header("docker-content-digest", ""));
  const head = await upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions());
  assert.equal(head.digest, image.descriptor.digest);
});

test("a HEAD by digest needs no digest in the response", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [], "latest");
  fake.faults.add({ method: "HEAD" }, header("docker-content-digest", ""));
  await upstreamAt(scope, fake.url).headManifest(name, image.descriptor.digest, requestOptions());
  assert.equal(fake.ledger.count({ method: "GET" }), 0);
});

test("a sha512 manifest is verified as such, and a tag of one keeps its algorithm", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const json = { mediaType: "application/vnd.oci.image.index.v1+json", manifests: [] };
  const { descriptor } = fake.store.addManifest(name, json, "latest", "sha512");
  const upstream = upstreamAt(scope, fake.url);
  assert.equal((await upstream.getManifest(name, descriptor.digest, requestOptions())).digest, descriptor.digest);
  assert.equal((await upstream.getManifest(name, latest, requestOptions())).digest, descriptor.digest);
});

test("a blob is returned whole, with its size", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const bytes = seededBytes("layer", 3_000_000);
  const { digest } = fake.store.addBlob(name, bytes);
  const blob = await upstreamAt(scope, fake.url).getBlob(
    name,
    digest,
    { expectedSize: bytes.length },
    requestOptions(),
  );
  assert.equal(blob.start, 0);
  assert.equal(blob.size, bytes.length);
  assert.equal(digestOf(await readWhole(blob)), digest);
});

test("an interrupted blob resumes where it stopped, if it has not changed", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const bytes = seededBytes("layer", 100_000);
  const { digest } = fake.store.addBlob(name, bytes);
  fake.faults.add({ kind: "blob" }, cutAt(40_000), { times: 1 });
  const upstream = upstreamAt(scope, fake.url);
  const first = await upstream.getBlob(name, digest, {}, requestOptions());
  const arrived: Buffer[] = [];
  await failureOf(
    (async () => {
      for await (const chunk of first.content) arrived.push(chunk);
    })(),
    "unavailable",
    /broke off the connection/,
  );
  const offset = Buffer.concat(arrived).length;
  assert.equal(offset, 40_000);
  const { validator } = first;
  assert.ok(validator);
  const rest = await upstream.getBlob(
    name,
    digest,
    { offset, validator, expectedSize: bytes.length },
    requestOptions(),
  );
  assert.equal(rest.start, offset);
  assert.equal(rest.size, bytes.length);
  assert.equal(fake.ledger.last().headers["if-range"], validator);
  assert.deepEqual(Buffer.concat([...arrived, await readWhole(rest)]), bytes);
});

test("a part with an end is returned alone", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const bytes = seededBytes("layer", 10_000);
  const { digest } = fake.store.addBlob(name, bytes);
  const part = { offset: 100, end: 199, expectedSize: bytes.length };
  const blob = await upstreamAt(scope, fake.url).getBlob(name, digest, part, requestOptions());
  assert.equal(blob.start, 100);
  assert.deepEqual(await readWhole(blob), bytes.subarray(100, 200));
});

test("an upstream that sends no parts sends the whole blob, and the response says so", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.habits.knowsRange = false;
  const bytes = seededBytes("layer", 1_000);
  const { digest } = fake.store.addBlob(name, bytes);
  const blob = await upstreamAt(scope, fake.url).getBlob(name, digest, { offset: 500 }, requestOptions());
  assert.equal(blob.start, 0);
  assert.deepEqual(await readWhole(blob), bytes);
});

test("a blob that changed meanwhile is returned whole", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const bytes = seededBytes("layer", 1_000);
  const { digest } = fake.store.addBlob(name, bytes);
  const blob = await upstreamAt(scope, fake.url).getBlob(
    name,
    digest,
    { offset: 500, validator: '"old"' },
    requestOptions(),
  );
  assert.equal(blob.start, 0);
  assert.deepEqual(await readWhole(blob), bytes);
});

test("a part that begins beyond the end is returned whole instead", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, Buffer.from("short"));
  const blob = await upstreamAt(scope, fake.url).getBlob(name, digest, { offset: 500 }, requestOptions());
  assert.equal(blob.start, 0);
  assert.equal((await readWhole(blob)).toString(), "short");
});

test("missing content is not found, with the upstream's own message", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  const upstream = upstreamAt(scope, fake.url);
  const error = await failureOf(
    upstream.getManifest(name, parseTag("none"), requestOptions()),
    "not-found",
    /manifest unknown/,
  );
  assert.equal(error.status, 404);
  assert.equal(error.upstream, "fake.example");
  await failureOf(upstream.headManifest(name, parseTag("none"), requestOptions()), "not-found");
  await failureOf(upstream.getBlob(name, digestOf(Buffer.from("none")), {}, requestOptions()), "not-found");
});

test("the encoding of a blob in transit is reported, unless it is as long as its descriptor says", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, seededBytes("layer", 1000));
  const upstream = upstreamAt(scope, fake.url);
  fake.faults.add({}, header("content-encoding", "x-gzip"));
  const intact = await upstream.getBlob(name, digest, { expectedSize: 1000 }, requestOptions());
  assert.deepEqual([intact.codings, intact.size], [[], 1000]);
  const doubtful = await upstream.getBlob(name, digest, { expectedSize: 999 }, requestOptions());
  assert.deepEqual([doubtful.codings, doubtful.size], [["gzip"], undefined]);
  for (const blob of [intact, doubtful]) blob.close();
});

test("a path before /v2/ is kept", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { prefix: "/hub" });
  fake.store.addImage(name, [], "latest");
  await upstreamAt(scope, `${fake.url}/`).headManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.last().path, "/hub/v2/library/alpine/manifests/latest");
});

test("each cache on the way adds itself to Via", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  const upstream = upstreamAt(scope, fake.url);
  await upstream.headManifest(name, latest, requestOptions({ trail: { via: "1.1 berth (first)\r\n" } }));
  assert.equal(fake.ledger.last().headers.via, "1.1 berth (first), 1.1 berth (test)");
});
