import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { contentOf } from "../support/fake-upstream/content.js";
import { answer, endlessRedirects, redirectCircle, redirectTo } from "../support/fake-upstream/faults.js";
import { emptyReply, errorReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { failureOf, readWhole, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const latest = parseTag("latest");
const bytes = seededBytes("layer", 100_000);
const signedAddress = emptyReply(307, {
  location: "/bucket/layer?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=abc",
});

test("a blob is fetched from the host that the registry redirects to, without the token", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "bearer" });
  fake.redirectBlobs();
  const { digest } = fake.store.addBlob(name, bytes);
  const blob = await upstreamAt(scope, fake.url).getBlob(name, digest, {}, requestOptions());
  assert.deepEqual(await readWhole(blob), bytes);
  assert.equal(fake.ledger.last({ host: "cdn" }).headers.authorization, undefined);
  assert.match(fake.ledger.last({ host: "registry" }).headers.authorization ?? "", /^Bearer /);
});

test("Basic credentials stay with the registry too", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "basic" });
  fake.tokens.logins.set("user", "password");
  fake.redirectBlobs();
  const { digest } = fake.store.addBlob(name, bytes);
  const upstream = upstreamAt(scope, fake.url, { credentials: { username: "user", password: "password" } });
  assert.deepEqual(await readWhole(await upstream.getBlob(name, digest, {}, requestOptions())), bytes);
});

test("another port of the same host is another origin: no Authorization goes there", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "bearer" });
  fake.habits.blobsAt = fake.cdnOrigin.replace("localhost", "127.0.0.1");
  const { digest } = fake.store.addBlob(name, bytes);
  assert.deepEqual(
    await readWhole(await upstreamAt(scope, fake.url).getBlob(name, digest, {}, requestOptions())),
    bytes,
  );
});

for (const auth of ["bearer", "basic"] as const) {
  test(`a blob that is redirected to a signed URL on the registry's own host is requested without ${auth}`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope, { auth });
    fake.tokens.logins.set("user", "password");
    const { digest } = fake.store.addBlob(name, bytes);
    fake.faults.add({ kind: "blob" }, (reply) => (reply.status === 200 ? signedAddress : reply));
    // As S3 does behind the same reverse proxy.
    fake.faults.add({ kind: "other" }, (_, { headers }) =>
      headers.authorization === undefined
        ? { status: 200, headers: {}, body: contentOf(bytes) }
        : errorReply(400, "InvalidArgument", "Only one auth mechanism allowed"),
    );
    const credentials = { username: "user", password: "password" };
    const upstream = upstreamAt(scope, fake.url, auth === "basic" ? { credentials } : {});
    assert.deepEqual(await readWhole(await upstream.getBlob(name, digest, {}, requestOptions())), bytes);
  });
}

test("a signed URL without content is not requested again with credentials", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "basic" });
  fake.tokens.logins.set("user", "password");
  const { digest } = fake.store.addBlob(name, bytes);
  fake.faults.add({ kind: "blob" }, (reply) => (reply.status === 200 ? signedAddress : reply));
  fake.faults.add({ kind: "other" }, answer(errorReply(404, "NoSuchKey")));
  const upstream = upstreamAt(scope, fake.url, { credentials: { username: "user", password: "password" } });
  await failureOf(upstream.getBlob(name, digest, {}, requestOptions()), "not-found");
  assert.equal(fake.ledger.count({ kind: "other" }), 1);
});

/** A registry that redirects every request to another one, which wants its own token. */
async function moved(scope: Scope, credentials?: { username: string; password: string }) {
  const front = await FakeUpstream.start(scope);
  const back = await FakeUpstream.start(scope, { address: "127.0.0.2", auth: "bearer" });
  back.store.addImage(name, [], "latest");
  const blob = back.store.addBlob(name, bytes);
  front.faults.add({ host: "registry" }, (_, { path }) => emptyReply(307, { location: back.origin + path }));
  return { front, back, blob, upstream: upstreamAt(scope, front.url, credentials ? { credentials } : {}) };
}

test("a registry behind a redirect gets the anonymous token that it demands, fetched once", async (t) => {
  const { back, blob, upstream } = await moved(new Scope(t));
  await upstream.getManifest(name, latest, requestOptions());
  await upstream.getManifest(name, latest, requestOptions());
  assert.deepEqual(await readWhole(await upstream.getBlob(name, blob.digest, {}, requestOptions())), bytes);
  assert.equal(back.ledger.count({ kind: "token" }), 1);
  assert.equal(back.ledger.entries().filter(({ status }) => status === 401).length, 1);
});

test("a registry behind a redirect never receives the credentials, however it asks for them", async (t) => {
  const { back, upstream } = await moved(new Scope(t), { username: "user", password: "secret" });
  await upstream.getManifest(name, latest, requestOptions());
  back.faults.add({ kind: "manifest" }, answer(errorReply(401, "UNAUTHORIZED", "", { "www-authenticate": "Basic" })));
  await failureOf(upstream.getManifest(name, latest, requestOptions()), "unauthorized");
  for (const { request } of back.ledger.entries()) {
    assert.doesNotMatch(request.headers.authorization ?? "", /^Basic/);
    assert.equal(request.query.get("account"), null);
  }
});

test("a host behind a redirect cannot lead back with the credentials", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "basic" });
  fake.tokens.logins.set("user", "password");
  fake.store.addImage("secret/image", [], "latest");
  fake.redirectBlobs();
  const { digest } = fake.store.addBlob(name, bytes);
  fake.faults.add({ host: "cdn" }, redirectTo(`${fake.origin}/v2/secret/image/manifests/latest`));
  const upstream = upstreamAt(scope, fake.url, { credentials: { username: "user", password: "password" } });
  await failureOf(upstream.getBlob(name, digest, {}, requestOptions()), "unauthorized");
  for (const { request } of fake.ledger.entries({ kind: "manifest" })) {
    assert.equal(request.headers.authorization, undefined);
  }
});

test("Range and If-Range follow the redirect", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.redirectBlobs();
  const { digest } = fake.store.addBlob(name, bytes);
  const upstream = upstreamAt(scope, fake.url);
  const { validator, close } = await upstream.getBlob(name, digest, {}, requestOptions());
  close();
  assert.ok(validator);
  const rest = await upstream.getBlob(name, digest, { offset: 50_000, validator }, requestOptions());
  assert.equal(rest.start, 50_000);
  assert.deepEqual(await readWhole(rest), bytes.subarray(50_000));
});

test("a HEAD stays a HEAD", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.redirectBlobs();
  const { digest } = fake.store.addBlob(name, bytes);
  assert.equal((await upstreamAt(scope, fake.url).headBlob(name, digest, requestOptions())).size, bytes.length);
  assert.equal(fake.ledger.last({ host: "cdn" }).method, "HEAD");
});

for (const [what, fault, message] of [
  ["in a loop", redirectCircle, /loop/],
  ["endless ones", endlessRedirects, /more than 10 redirects/],
  ["to a file", redirectTo("file:///etc/passwd"), /file:/],
  ["to ftp", redirectTo("ftp://127.0.0.1/x"), /ftp:/],
  ["to a gopher", redirectTo("gopher://127.0.0.1/x"), /gopher:/],
  ["nowhere", redirectTo("http://[broken"), /Location/],
  ["with a user in the URL", redirectTo("http://user:secret@127.0.0.1/x"), /credentials in it/],
  ["to the metadata address of a cloud", redirectTo("http://169.254.169.254/latest/meta-data/"), /link-local address/],
  ["to the same, as a number", redirectTo("http://0xa9fea9fe/latest/meta-data/"), /link-local address/],
  ["to the same, as IPv6", redirectTo("http://[::ffff:169.254.169.254]/latest/meta-data/"), /link-local address/],
] as const) {
  test(`a redirect ${what} is refused`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    const { digest } = fake.store.addBlob(name, bytes);
    fake.faults.add({ kind: "blob" }, fault);
    const error = await failureOf(
      upstreamAt(scope, fake.url).getBlob(name, digest, {}, requestOptions()),
      "invalid",
      message,
    );
    assert.doesNotMatch(error.message, /secret/);
    assert.ok(fake.ledger.count() <= 11);
  });
}

test("the signature in a redirect's URL is in no error", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.redirectBlobs();
  const { digest } = fake.store.addBlob(name, bytes);
  fake.faults.add({ host: "cdn" }, (reply) => ({ ...reply, status: 503 }));
  const error = await failureOf(upstreamAt(scope, fake.url).getBlob(name, digest, {}, requestOptions()), "unavailable");
  assert.match(error.message, /localhost/);
  assert.doesNotMatch(String(error.stack), /signature|secret/);
});

test("a blob that vanished between registry and second host is not found", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.redirectBlobs();
  const { digest } = fake.store.addBlob(name, bytes);
  fake.faults.add({ host: "registry" }, (reply) => {
    fake.store.removeBlob(name, digest);
    return reply;
  });
  await failureOf(upstreamAt(scope, fake.url).getBlob(name, digest, {}, requestOptions()), "not-found");
});

/** Makes 127.0.0.2 look like an address on the internet. */
const kindOf = (address: string) => (address === "127.0.0.2" ? "public" : "private");

test("a public registry cannot send Berth to a private address", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { address: "127.0.0.2" });
  const { digest } = fake.store.addBlob(name, bytes);
  fake.habits.blobsAt = fake.cdnOrigin.replace("localhost", "127.0.0.1");
  const upstream = upstreamAt(scope, fake.url, { surroundings: { kindOf } });
  await failureOf(upstream.getBlob(name, digest, {}, requestOptions()), "invalid", /127\.0\.0\.1 is a private address/);
  assert.equal(fake.ledger.count({ host: "cdn" }), 0);
});

test("a public registry cannot send Berth to a name that resolves to a private address", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { address: "127.0.0.2" });
  const { digest } = fake.store.addBlob(name, bytes);
  fake.redirectBlobs();
  const upstream = upstreamAt(scope, fake.url, { surroundings: { kindOf } });
  await failureOf(
    upstream.getBlob(name, digest, {}, requestOptions()),
    "invalid",
    /localhost \(.*\) is a private address/,
  );
  assert.equal(fake.ledger.count({ host: "cdn" }), 0);
});

test("a public registry cannot name a token realm at a private address", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { address: "127.0.0.2", auth: "bearer" });
  fake.tokens.realm = "http://auth.example.com/token";
  const url = fake.url.replace("127.0.0.2", "registry.example.com");
  const resolve = async (host: string) => [
    { address: host === "registry.example.com" ? "127.0.0.2" : "127.0.0.1", family: 4 },
  ];
  const upstream = upstreamAt(scope, url, { surroundings: { kindOf, resolve } });
  await failureOf(
    upstream.headManifest(name, latest, requestOptions()),
    "invalid",
    /auth\.example\.com \(127\.0\.0\.1\)/,
  );
});

test("a registry that was public cannot become private by another DNS answer", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { address: "127.0.0.2" });
  fake.store.addImage(name, [], "latest");
  const address = { now: "127.0.0.2" };
  const resolve = async () => [{ address: address.now, family: 4 }];
  const url = fake.url.replace("127.0.0.2", "registry.example.com");
  const upstream = upstreamAt(scope, url, { surroundings: { kindOf, resolve } });
  await upstream.headManifest(name, latest, requestOptions());
  address.now = "127.0.0.1";
  upstream.close();
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "invalid", /network: private/);
});

test("a registry that was private first is public as soon as one DNS answer is", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { address: "127.0.0.2" });
  const { digest } = fake.store.addBlob(name, bytes);
  fake.redirectBlobs();
  const address = { now: "127.0.0.1" };
  const resolve = async (host: string) => [{ address: host === "localhost" ? "127.0.0.1" : address.now, family: 4 }];
  const url = fake.url.replace("127.0.0.2", "registry.example.com");
  const upstream = upstreamAt(scope, url, { surroundings: { kindOf, resolve } });
  await failureOf(upstream.getBlob(name, digest, {}, requestOptions()), "unavailable", /refused/);
  address.now = "127.0.0.2";
  await failureOf(upstream.getBlob(name, digest, {}, requestOptions()), "invalid", /private address/);
  assert.equal(fake.ledger.count({ host: "cdn" }), 0);
});

test("of several addresses of a public registry those in private networks are skipped", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { address: "127.0.0.2" });
  fake.store.addImage(name, [], "latest");
  const wrong = await FakeUpstream.start(scope, { address: "127.0.0.1" });
  const addresses = ["169.254.169.254", "127.0.0.1", "127.0.0.2"].map((address) => ({ address, family: 4 }));
  const url = fake.url.replace("127.0.0.2", "registry.example.com");
  const upstream = upstreamAt(scope, url, { surroundings: { kindOf, resolve: async () => addresses } });
  await upstream.headManifest(name, latest, requestOptions());
  assert.equal(wrong.connections, 0);
});

test("a host with an IPv6 address is reached from one without IPv6", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  const resolve = async () => [
    { address: "fd00::1", family: 6 },
    { address: "127.0.0.1", family: 4 },
  ];
  const url = fake.url.replace("127.0.0.1", "registry.example.com");
  await upstreamAt(scope, url, { surroundings: { resolve } }).headManifest(name, latest, requestOptions());
});

test("a registry in a private network may use that network", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, bytes);
  fake.redirectBlobs();
  const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
  const url = fake.url.replace("127.0.0.1", "registry.example.com");
  const upstream = upstreamAt(scope, url, { surroundings: { resolve } });
  assert.deepEqual(await readWhole(await upstream.getBlob(name, digest, {}, requestOptions())), bytes);
});

test("an operator can declare a registry public, whatever its name resolves to", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const upstream = upstreamAt(scope, fake.url, { network: "public" });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "invalid", /private address/);
  assert.equal(fake.ledger.count(), 0);
});
