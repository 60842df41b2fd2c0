import { strict as assert } from "node:assert";
import { getEventListeners } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { repeated } from "../support/fake-upstream/content.js";
import { drip, lateBy, silence, stallAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { freePort } from "../support/free-port.js";
import { Scope } from "../support/scope.js";
import { failureOf, readWhole, requestOptions, upstreamAt } from "../support/upstream-client.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
const latest = parseTag("latest");
const bytes = seededBytes("layer", 10_000);

test("an upstream that never answers is given up after the timeout for the first byte", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({}, silence);
  const upstream = upstreamAt(scope, fake.url, { firstByteTimeout: 50, attempts: 2 });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /no answer within 50 ms/);
  await waitUntil("the second request to arrive", () => fake.ledger.count() === 2 || undefined);
});

test("a TLS handshake that never ends is given up after the timeout for a connection", async (t) => {
  const scope = new Scope(t);
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const url = `https://127.0.0.1:${address.port}`;
  const upstream = upstreamAt(scope, url, { connectTimeout: 50, attempts: 1 });
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /no connection within 50 ms/);
});

test("a name that takes too long to resolve is given up after the timeout for a connection", async (t) => {
  const scope = new Scope(t);
  const resolve = () => new Promise<never>(() => {});
  const setup = { connectTimeout: 50, attempts: 1, surroundings: { resolve } };
  const upstream = upstreamAt(scope, "http://registry.example.com", setup);
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable", /no connection within 50 ms/);
});

test("a request with a short deadline is given up after it, including retries", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({}, silence);
  const upstream = upstreamAt(scope, fake.url);
  await failureOf(
    upstream.headManifest(name, latest, requestOptions({ deadlineMs: 50 })),
    "unavailable",
    /within 50 ms/,
  );
  assert.ok(fake.ledger.count() <= 1);
});

test("a late token counts against the deadline of the request", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "bearer" });
  fake.faults.add({ kind: "token" }, silence);
  const upstream = upstreamAt(scope, fake.url);
  await failureOf(
    upstream.headManifest(name, latest, requestOptions({ deadlineMs: 50 })),
    "unavailable",
    /within 50 ms/,
  );
});

test("a manifest whose body stalls is given up", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  fake.faults.add({}, stallAt(5));
  const upstream = upstreamAt(scope, fake.url, { idleTimeout: 200, attempts: 1 });
  await failureOf(upstream.getManifest(name, latest, requestOptions()), "unavailable", /no data within 200 ms/);
});

test("a stalled blob is cut off, after everything that arrived was delivered", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, bytes);
  fake.faults.add({ kind: "blob" }, stallAt(4_000));
  const blob = await upstreamAt(scope, fake.url, { idleTimeout: 200 }).getBlob(name, digest, {}, requestOptions());
  let length = 0;
  const read = async () => {
    for await (const chunk of blob.content) length += chunk.length;
  };
  await failureOf(read(), "unavailable", /no data within 200 ms/);
  assert.equal(length, 4_000);
});

test("a blob that arrives byte by byte, never idle, is cut off as too slow", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, bytes);
  fake.faults.add({ kind: "blob" }, drip(10));
  const upstream = upstreamAt(scope, fake.url, { slowWindow: 200, slowBelow: 1_024 });
  const blob = await upstream.getBlob(name, digest, {}, requestOptions());
  await failureOf(readWhole(blob), "unavailable", /only \d+ bytes within/);
});

test("a slow reader is not taken for a slow upstream, and nothing is read ahead of it", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const large = fake.store.addLargeBlob(name, repeated(bytes, 64_000_000));
  const upstream = upstreamAt(scope, fake.url, { idleTimeout: 400, slowWindow: 1_000, slowBelow: 100_000 });
  const blob = await upstream.getBlob(name, large.digest, {}, requestOptions());
  let length = 0;
  let pauses = 0;
  for await (const chunk of blob.content) {
    length += chunk.length;
    if (pauses < 3) await new Promise((resolve) => setTimeout(resolve, 600));
    if (pauses === 2) assert.ok(fake.ledger.bytes() < 32_000_000, "the rest waits at the upstream");
    pauses += 1;
  }
  assert.equal(length, 64_000_000);
});

test("a blob may take longer than any other request", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const short = bytes.subarray(0, 100);
  const { digest } = fake.store.addBlob(name, short);
  fake.faults.add({ kind: "blob" }, drip(10));
  const upstream = upstreamAt(scope, fake.url, { answerTimeout: 500 });
  const blob = await upstream.getBlob(name, digest, {}, requestOptions());
  assert.deepEqual(await readWhole(blob), short);
});

test("the first bytes of a blob arrive before the last are sent", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, bytes);
  fake.faults.add({ kind: "blob" }, stallAt(10));
  const blob = await upstreamAt(scope, fake.url).getBlob(name, digest, {}, requestOptions());
  for await (const chunk of blob.content) {
    assert.equal(chunk.length, 10);
    break;
  }
});

test("a caller that aborts gets its own reason, before and after the headers", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, bytes);
  const upstream = upstreamAt(scope, fake.url);
  const reason = new Error("the client is gone");

  fake.faults.add({ kind: "manifest" }, lateBy(60_000));
  const early = new AbortController();
  const request = upstream.headManifest(name, latest, requestOptions({ signal: early.signal }));
  setImmediate(() => early.abort(reason));
  await assert.rejects(request, reason);

  fake.faults.add({ kind: "blob" }, stallAt(10));
  const late = new AbortController();
  const blob = await upstream.getBlob(name, digest, {}, requestOptions({ signal: late.signal }));
  const read = async () => {
    for await (const _ of blob.content) late.abort(reason);
  };
  await assert.rejects(read(), reason);
  await assert.rejects(upstream.headBlob(name, digest, requestOptions({ signal: late.signal })), reason);
});

test("an upstream that fails briefly is asked again", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { descriptor } = fake.store.addImage(name, [], "latest");
  fake.faults.add({}, (reply) => ({ ...reply, status: 502 }), { times: 2 });
  const head = await upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions());
  assert.equal(head.digest, descriptor.digest);
});

test("an upstream that keeps failing is asked three times, and HEAD only the first time", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({}, (reply) => ({ ...reply, status: 500 }));
  const error = await failureOf(
    upstreamAt(scope, fake.url).headManifest(name, latest, requestOptions()),
    "unavailable",
  );
  assert.equal(error.status, 500);
  assert.deepEqual([fake.ledger.count({ method: "GET" }), fake.ledger.count({ method: "HEAD" })], [3, 1]);
});

test("a refused connection and an unknown name are reported in words", async (t) => {
  const scope = new Scope(t);
  const refused = upstreamAt(scope, `http://127.0.0.1:${await freePort()}`);
  await failureOf(refused.headManifest(name, latest, requestOptions()), "unavailable", /refused \(ECONNREFUSED\)/);
  const resolve = async () => {
    throw Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
  };
  const nowhere = upstreamAt(scope, "https://registry.example.com", { surroundings: { resolve } });
  await failureOf(
    nowhere.headManifest(name, latest, requestOptions()),
    "unavailable",
    /does not resolve \(ENOTFOUND\)/,
  );
});

test("a restarted upstream is reached again over a kept connection", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  const upstream = upstreamAt(scope, fake.url);
  await upstream.headManifest(name, latest, requestOptions());
  await fake.stop();
  await fake.start();
  await upstream.headManifest(name, latest, requestOptions());
});

test("a response that is not HTTP is invalid", async (t) => {
  const scope = new Scope(t);
  const server = createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")).listen(0, "127.0.0.1");
  scope.defer(() => server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const upstream = upstreamAt(scope, `http://127.0.0.1:${address.port}`);
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "invalid", /does not speak HTTP/);
});

test("a caller that sends many requests leaves nothing behind on its signal", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "bearer" });
  fake.store.addImage(name, [], "latest");
  fake.redirectBlobs();
  const { digest } = fake.store.addBlob(name, bytes);
  const upstream = upstreamAt(scope, fake.url);
  const { signal } = new AbortController();
  for (let times = 0; times < 5; times += 1) {
    await upstream.headManifest(name, latest, requestOptions({ signal }));
    await readWhole(await upstream.getBlob(name, digest, {}, requestOptions({ signal })));
    await failureOf(upstream.getManifest(name, parseTag("none"), requestOptions({ signal })), "not-found");
  }
  await waitUntil("all listeners to be gone", () => getEventListeners(signal, "abort").length === 0 || undefined);
});
