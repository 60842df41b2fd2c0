import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import type { UpstreamBlob, UpstreamClient } from "../../src/upstream/upstream-client.js";
import { seededBytes } from "../support/content.js";
import { contentOf, repeated } from "../support/fake-upstream/content.js";
import {
  announcing,
  answer,
  cutAt,
  endless,
  type Fault,
  header,
  html,
  tooLong,
  tooShort,
  wrongBytes,
} from "../support/fake-upstream/faults.js";
import { errorReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { failureOf, readWhole, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const latest = parseTag("latest");
const bytes = seededBytes("layer", 10_000);

/** Requests the blob, and reads it if it arrives. */
async function readBlob(upstream: UpstreamClient, fake: FakeUpstream, part = {}): Promise<Buffer> {
  const { digest } = fake.store.addBlob(name, bytes);
  const wanted = { expectedSize: bytes.length, ...part };
  return readWhole(await upstream.getBlob(name, digest, wanted, requestOptions()));
}

for (const [what, fault, message] of [
  ["other bytes", wrongBytes, /sends content of the digest/],
  ["a page", html, /web page/],
  ["too few bytes", tooShort(1), /sends content of the digest/],
  ["too many bytes", tooLong(1), /sends content of the digest/],
  ["a body without end", endless, /larger than/],
  ["an empty body", answer({ status: 200, headers: {}, body: contentOf("") }), /digest/],
  ["204", answer({ status: 204, headers: { "content-length": "" }, body: contentOf("") }), /204/],
  ["304", answer({ status: 304, headers: { "content-length": "" }, body: contentOf("") }), /304/],
  ["418", answer(errorReply(418, "TEAPOT")), /418: TEAPOT/],
] as const) {
  test(`a manifest by digest is refused if the upstream sends ${what}`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    const { descriptor } = fake.store.addImage(name, []);
    fake.faults.add({ kind: "manifest" }, fault);
    const upstream = upstreamAt(scope, fake.url);
    await failureOf(upstream.getManifest(name, descriptor.digest, requestOptions()), "invalid", message);
    assert.equal(fake.ledger.count(), 1, "a lie is not requested twice");
  });
}

for (const body of ["not json", "[]", "null", '"text"', "<html>"]) {
  test(`a manifest by tag is refused when its body is ${body}`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    fake.store.addManifestBytes(name, Buffer.from(body), "application/json", "latest");
    await failureOf(upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions()), "invalid", /JSON object/);
  });
}

test("a false Docker-Content-Digest changes nothing: the digest is that of the bytes", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { descriptor } = fake.store.addImage(name, [], "latest");
  fake.faults.add({ kind: "manifest" }, header("docker-content-digest", `sha256:${"0".repeat(64)}`));
  const manifest = await upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions());
  assert.equal(manifest.digest, descriptor.digest);
});

test("a tag that moves between HEAD and GET returns the result of the GET", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const old = fake.store.addImage(name, [], "latest");
  const upstream = upstreamAt(scope, fake.url);
  const head = await upstream.headManifest(name, latest, requestOptions());
  assert.equal(head.digest, old.descriptor.digest);
  const moved = fake.store.addImage(name, [bytes], "latest");
  assert.equal((await upstream.getManifest(name, latest, requestOptions())).digest, moved.descriptor.digest);
  assert.deepEqual((await upstream.getManifest(name, head.digest, requestOptions())).bytes, old.bytes);
});

for (const type of ["application/json", "text/plain; charset=utf-8", "application/octet-stream", "", "x"]) {
  test(`a manifest sent as "${type}" has no credible type`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    fake.store.addImage(name, [], "latest");
    fake.faults.add({}, header("content-type", type));
    assert.equal((await upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions())).mediaType, undefined);
  });
}

for (const [what, fault, length] of [
  ["of another type", header("content-type", "text/html; charset=utf-8"), bytes.length],
  ["shorter than the descriptor says", announcing(9_999), 9_999],
  ["longer than the descriptor says", announcing(10_001), 10_001],
  ["without a length", tooLong(0), undefined],
] as const) {
  test(`a blob ${what} is passed on with the upstream's length: the digest decides`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    fake.faults.add({ kind: "blob" }, fault);
    const { digest } = fake.store.addBlob(name, bytes);
    const blob = await upstreamAt(scope, fake.url).getBlob(
      name,
      digest,
      { expectedSize: bytes.length },
      requestOptions(),
    );
    assert.equal(blob.size, length);
    assert.equal((await readWhole(blob)).length, length ?? bytes.length);
  });
}

for (const [what, range, length] of [
  ["starts elsewhere", "bytes 6000-9999/10000", 4_000],
  ["ends before it starts", "bytes 5000-4000/10000", 5_000],
  ["ends beyond the end", "bytes 5000-10000/10000", 5_001],
  ["is shorter than it says", "bytes 5000-9999/10000", 4_000],
  ["does not say where it starts", "", 5_000],
  ["is several", "bytes 5000-9999/10000, bytes 0-1/10000", 5_000],
] as const) {
  test(`a part of a blob that ${what} is not used: the whole is requested`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    const upstream = upstreamAt(scope, fake.url);
    fake.faults.add({ kind: "blob" }, partial(range, length), { times: 1 });
    assert.deepEqual(await readBlob(upstream, fake, { offset: 5_000 }), bytes);
    assert.equal(fake.ledger.count(), 2);
    fake.faults.add({ kind: "blob" }, partial(range, length));
    await failureOf(readBlob(upstream, fake, { offset: 5_000 }), "invalid");
  });
}

for (const [what, range, [start, end]] of [
  ["from the beginning", "bytes 0-9999/10000", [0, 10_000]],
  ["that ends early", "bytes 5000-5999/10000", [5_000, 6_000]],
  ["of unknown size", "bytes 5000-9999/*", [5_000, 10_000]],
  ["written in another way", "bytes=5000 - 9999/10000", [5_000, 10_000]],
] as const) {
  test(`a part ${what} is used as what it declares`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    const { digest } = fake.store.addBlob(name, bytes);
    fake.faults.add({ kind: "blob" }, partial(range, end - start));
    const blob = await upstreamAt(scope, fake.url).getBlob(name, digest, { offset: 5_000 }, requestOptions());
    assert.deepEqual([blob.start, blob.end], [start, end]);
    assert.equal((await readWhole(blob)).length, end - start);
  });
}

for (const status of [400, 403, 404, 412, 416, 500, 501]) {
  test(`an upstream that answers ${status} to a Range is asked for the whole, once`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    fake.faults.add({ kind: "blob" }, answer(errorReply(status, "UNSUPPORTED")), { times: 1 });
    assert.deepEqual(await readBlob(upstreamAt(scope, fake.url), fake, { offset: 5_000 }), bytes);
    assert.equal(fake.ledger.count(), 2);
    assert.equal(fake.ledger.last().headers.range, undefined);
  });
}

test("an upstream that allows no more requests is not asked for the whole either", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({ kind: "blob" }, answer(errorReply(429, "TOOMANYREQUESTS", "", { "retry-after": "60" })));
  await failureOf(readBlob(upstreamAt(scope, fake.url), fake, { offset: 5_000 }), "rate-limited");
  assert.equal(fake.ledger.count(), 1);
});

test("an interrupted transfer is distinguished from a complete one, wherever it is cut", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const upstream = upstreamAt(scope, fake.url, { attempts: 1, outageMemory: 0 });
  for (const byte of [0, 1, 4_095, 4_096, 5_000, 9_999]) {
    const takeBack = fake.faults.add({ kind: "blob" }, cutAt(byte));
    await failureOf(readBlob(upstream, fake), "unavailable");
    takeBack();
  }
  assert.deepEqual(await readBlob(upstream, fake), bytes);
});

test("a manifest that is cut in the middle is requested again", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [], "latest");
  fake.faults.add({ kind: "manifest" }, cutAt(10), { times: 2 });
  assert.deepEqual((await upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions())).bytes, image.bytes);
});

test("a manifest larger than allowed is refused while it arrives", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  fake.faults.add({}, (reply) => ({ ...reply, body: repeated(Buffer.alloc(1024, " "), 100_000_000) }));
  const upstream = upstreamAt(scope, fake.url, { maxManifestSize: 1_000_000 });
  await failureOf(upstream.getManifest(name, latest, requestOptions()), "invalid", /larger than 1000000 bytes/);
  assert.ok(fake.ledger.bytes() < 20_000_000);
});

test("control characters in the upstream's messages do not reach a terminal", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({}, answer(errorReply(403, "DENIED", `\u001b[2J\r\nSet-Cookie: a${"x".repeat(1_000)}\u010a`)));
  const error = await failureOf(
    upstreamAt(scope, fake.url).headBlob(name, fake.store.addBlob(name, bytes).digest, requestOptions()),
    "denied",
  );
  assert.match(error.message, /^[\x20-\x7e]+$/);
  const wordy = await failureOf(
    upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions()),
    "denied",
    /Set-Cookie/,
  );
  assert.match(wordy.message, /^[\x20-\x7e]+$/);
  assert.ok(wordy.message.length < 500);
});

test("a reader that stops early ends the transfer", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const large = fake.store.addLargeBlob(name, repeated(bytes, 200_000_000));
  const blob: UpstreamBlob = await upstreamAt(scope, fake.url).getBlob(name, large.digest, {}, requestOptions());
  for await (const chunk of blob.content) {
    assert.ok(chunk.length > 0);
    break;
  }
  await fake.stop();
  assert.ok(fake.ledger.bytes() < 50_000_000, "nothing is read for a reader that is gone");
});

/** Sends this many bytes as a part, with this Content-Range. */
function partial(range: string, length: number): Fault {
  return () => ({
    status: 206,
    headers: { "content-type": "application/octet-stream", ...(range && { "content-range": range }) },
    body: repeated(bytes, length),
  });
}
