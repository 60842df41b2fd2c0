import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { repeated } from "../support/fake-upstream/content.js";
import { announcing, answer, type Fault, hangUp, methodNotAllowed, tooShort } from "../support/fake-upstream/faults.js";
import { errorReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { failureOf, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");

test("the size of a blob comes from HEAD", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, Buffer.alloc(1234));
  assert.equal((await upstreamAt(scope, fake.url).headBlob(name, digest, requestOptions())).size, 1234);
  assert.equal(fake.ledger.count({ method: "GET" }), 0);
});

const refusals: Record<string, Fault> = {
  "answers 401": answer(errorReply(401, "UNAUTHORIZED")),
  "answers 403": answer(errorReply(403, "DENIED")),
  "answers 404": answer(errorReply(404, "BLOB_UNKNOWN")),
  "answers 500": answer(errorReply(500, "UNKNOWN")),
  "answers 501": answer(errorReply(501, "UNSUPPORTED")),
  "is unknown": methodNotAllowed,
  "is broken off": hangUp,
  "tells no length": tooShort(0),
  "tells the length 0": announcing(0),
};

for (const [what, fault] of Object.entries(refusals)) {
  test(`a blob whose HEAD ${what} exists if a GET begins to send it, and its body is not read`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    const { digest } = fake.store.addLargeBlob(name, repeated(Buffer.alloc(1024), 200_000_000));
    fake.faults.add({ method: "HEAD" }, fault);
    const head = await upstreamAt(scope, fake.url).headBlob(name, digest, requestOptions());
    assert.equal(head.size, 200_000_000);
    assert.ok(fake.ledger.bytes() < 100_000_000, `${fake.ledger.bytes()} bytes were sent`);
  });
}

test("a HEAD with another size than the known one is not trusted", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, Buffer.alloc(1234));
  fake.faults.add({ method: "HEAD" }, announcing(7));
  const head = await upstreamAt(scope, fake.url).headBlob(name, digest, { ...requestOptions(), knownSize: 1234 });
  assert.equal(head.size, 1234);
});

test("once HEAD was wrong, only GET is used", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, Buffer.alloc(1234));
  fake.faults.add({ method: "HEAD" }, answer(errorReply(404, "BLOB_UNKNOWN")));
  const upstream = upstreamAt(scope, fake.url);
  for (let times = 0; times < 3; times++) await upstream.headBlob(name, digest, requestOptions());
  assert.equal(fake.ledger.count({ method: "HEAD" }), 1);
});

test("a missing blob costs two requests once, and then one", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addBlob(name, Buffer.alloc(1234));
  const upstream = upstreamAt(scope, fake.url);
  const absent = digestOf(Buffer.from("absent"));
  await failureOf(upstream.headBlob(name, absent, requestOptions()), "not-found");
  assert.equal(fake.ledger.count(), 2);
  for (let times = 0; times < 3; times++)
    await failureOf(upstream.headBlob(name, absent, requestOptions()), "not-found");
  assert.equal(fake.ledger.count(), 5);
});

test("a rate-limited HEAD is followed by no GET", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, Buffer.alloc(1234));
  fake.faults.add({ method: "HEAD" }, answer(errorReply(429, "TOOMANYREQUESTS")));
  await failureOf(upstreamAt(scope, fake.url).headBlob(name, digest, requestOptions()), "rate-limited");
  assert.equal(fake.ledger.count(), 1);
});
