import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import type { UpstreamClient } from "../../src/upstream/upstream-client.js";
import { repeated } from "../support/fake-upstream/content.js";
import { answer, stallAt } from "../support/fake-upstream/faults.js";
import { errorReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";
import { allTags, failureOf, readWhole, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const latest = parseTag("latest");

/** A fake whose pull quota is used up, and a client whose clock stands still. */
async function spent(scope: Scope, retryAfter?: string) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  Object.assign(fake.quota, { isTold: true, remaining: 0, retryAfter });
  const time = { now: 1_000, wall: Date.UTC(2026, 0, 1) };
  const clock = { monotonic: () => time.now, wall: () => time.wall };
  const upstream = upstreamAt(scope, fake.url, { maxRetryAfter: 3_600_000, surroundings: { clock } });
  return { fake, time, upstream };
}

async function limitedFor(upstream: UpstreamClient): Promise<number | undefined> {
  return (await failureOf(upstream.headManifest(name, latest, requestOptions()), "rate-limited")).retryAfterMs;
}

for (const [what, retryAfter, expectedMs] of [
  ["seconds", "7", 7_000],
  ["a date", "Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
  ["a date in the past", "Mon, 01 Jan 2001 00:00:00 GMT", 0],
  ["a thousand years", "31536000000", 3_600_000],
  ["rubbish", "soon", 5_000],
  ["nothing", undefined, 5_000],
] as const) {
  test(`a 429 with ${what} in Retry-After is obeyed within reason`, async (t) => {
    const { upstream } = await spent(new Scope(t), retryAfter);
    assert.equal(await limitedFor(upstream), expectedMs);
  });
}

test("a rate-limiting upstream is not asked again until it allows it", async (t) => {
  const { fake, time, upstream } = await spent(new Scope(t), "60");
  await limitedFor(upstream);
  time.now += 59_000;
  assert.equal(await limitedFor(upstream), 1_000);
  assert.equal(fake.ledger.count(), 1);
  time.now += 1_000;
  fake.quota.remaining = 1;
  await upstream.headManifest(name, latest, requestOptions());
});

test("without Retry-After the pauses grow", async (t) => {
  const { time, upstream } = await spent(new Scope(t));
  const pauses: (number | undefined)[] = [];
  for (let times = 0; times < 8; times += 1) {
    const pause = await limitedFor(upstream);
    pauses.push(pause);
    time.now += pause ?? 0;
  }
  assert.deepEqual(pauses, [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test("a spent pull quota does not stop the blobs of a running pull", async (t) => {
  const { fake, upstream } = await spent(new Scope(t), "60");
  const { digest } = fake.store.addBlob(name, Buffer.from("layer"));
  await limitedFor(upstream);
  assert.equal((await readWhole(await upstream.getBlob(name, digest, {}, requestOptions()))).toString(), "layer");
});

/** Sends four kinds of requests, and returns which of them were limited. */
async function limitedQuestions(fake: FakeUpstream, upstream: UpstreamClient): Promise<string[]> {
  const { digest } = fake.store.addBlob(name, Buffer.from("layer"));
  const requests = {
    manifest: () => upstream.headManifest(name, latest, requestOptions()),
    blob: () => upstream.headBlob(name, digest, requestOptions()),
    tags: () => allTags(upstream),
    referrers: () => upstream.listReferrers(name, digest, requestOptions()),
  };
  const limited: string[] = [];
  for (const [kind, ask] of Object.entries(requests)) {
    await ask().catch((error) => limited.push(`${kind}: ${error.kind}`));
  }
  return limited;
}

for (const kind of ["manifest", "blob", "tags", "referrers"] as const) {
  test(`a limit on ${kind} requests applies only to these`, async (t) => {
    const scope = new Scope(t);
    const fake = await FakeUpstream.start(scope);
    fake.store.addImage(name, [], "latest");
    fake.faults.add({ kind }, answer(errorReply(429, "ABUSE", "", { "retry-after": "3600" })));
    const upstream = upstreamAt(scope, fake.url);
    assert.deepEqual(await limitedQuestions(fake, upstream), [`${kind}: rate-limited`]);
    fake.ledger.clear();
    assert.deepEqual(await limitedQuestions(fake, upstream), [`${kind}: rate-limited`]);
    assert.equal(fake.ledger.count({ kind }), 0);
  });
}

test("a rate-limiting host behind a redirect is left alone, and the upstream is not", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, Buffer.from("layer"));
  fake.redirectBlobs();
  fake.faults.add({ host: "cdn" }, answer(errorReply(429, "ABUSE", "", { "retry-after": "3600" })));
  const upstream = upstreamAt(scope, fake.url);
  await failureOf(upstream.getBlob(name, digest, {}, requestOptions()), "rate-limited", /ABUSE/);
  const error = await failureOf(upstream.getBlob(name, digest, {}, requestOptions()), "rate-limited", /localhost/);
  assert.ok((error.retryAfterMs ?? 0) > 3_500_000);
  assert.equal(fake.ledger.count({ host: "cdn" }), 1);
  fake.habits.blobsAt = undefined;
  assert.equal((await readWhole(await upstream.getBlob(name, digest, {}, requestOptions()))).toString(), "layer");
});

test("a rate-limiting token service is left alone too", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "bearer" });
  fake.faults.add({ kind: "token" }, answer(errorReply(429, "SLOWLY", "", { "retry-after": "60" })));
  const upstream = upstreamAt(scope, fake.url);
  await failureOf(upstream.headManifest(name, latest, requestOptions()), "rate-limited", /SLOWLY/);
  const error = await failureOf(upstream.headManifest(name, latest, requestOptions()), "rate-limited");
  assert.ok((error.retryAfterMs ?? 0) > 30_000);
  assert.equal(fake.ledger.count({ kind: "token" }), 1);
});

test("a 503 is not repeated before its Retry-After", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.faults.add({}, answer(errorReply(503, "UNAVAILABLE", "maintenance", { "retry-after": "600" })));
  const error = await failureOf(
    upstreamAt(scope, fake.url).getManifest(name, latest, requestOptions()),
    "unavailable",
    /maintenance/,
  );
  assert.equal(error.retryAfterMs, 600_000);
  assert.equal(fake.ledger.count(), 1);
});

test("the pull quota is known after each response, and reported once when it runs low", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  const log = new RecordedLog();
  const upstream = upstreamAt(scope, fake.url);
  assert.equal(upstream.quota(), undefined);
  Object.assign(fake.quota, { isTold: true, remaining: 12 });
  for (const remaining of [12, 11, 10, 9]) {
    const { at, ...quota } = await upstream
      .headManifest(name, latest, requestOptions({ log }))
      .then(() => upstream.quota() ?? assert.fail());
    assert.deepEqual(quota, { limit: 100, remaining, windowSeconds: 21_600, source: "192.0.2.1" });
    assert.ok(at > 0);
    await upstream.getManifest(name, latest, requestOptions({ log }));
  }
  assert.deepEqual(
    log.named("upstream quota low").map((fields) => fields.remaining),
    [10],
  );
});

test("no more downloads run at once than allowed, and other requests do not wait for them", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  const { digest } = fake.store.addLargeBlob(name, repeated(Buffer.alloc(1000), 1_000_000));
  const upstream = upstreamAt(scope, fake.url, { maxConcurrent: 2 });
  const running = await Promise.all([1, 2].map(() => upstream.getBlob(name, digest, {}, requestOptions())));
  let isThirdOpen = false;
  const third = upstream.getBlob(name, digest, {}, requestOptions()).then((blob) => {
    isThirdOpen = true;
    return blob;
  });
  await upstream.headManifest(name, latest, requestOptions());
  assert.equal(fake.ledger.count({ kind: "blob" }), 2);
  assert.equal(isThirdOpen, false);
  running[0]?.close();
  (await third).close();
  running[1]?.close();
});

test("a caller that gives up waiting for a slot leaves it to the next", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const { digest } = fake.store.addBlob(name, Buffer.from("layer"));
  fake.faults.add({ kind: "blob" }, stallAt(1), { times: 1 });
  const upstream = upstreamAt(scope, fake.url, { maxConcurrent: 1 });
  const first = await upstream.getBlob(name, digest, {}, requestOptions());
  const impatient = new AbortController();
  const second = upstream.getBlob(name, digest, {}, requestOptions({ signal: impatient.signal }));
  const third = upstream.getBlob(name, digest, {}, requestOptions());
  impatient.abort(new Error("gone"));
  await assert.rejects(second, /gone/);
  first.close();
  assert.equal((await readWhole(await third)).toString(), "layer");
});

test("connections are reused", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope, { auth: "bearer" });
  fake.store.addImage(name, [], "latest");
  const { digest } = fake.store.addBlob(name, Buffer.from("layer"));
  const upstream = upstreamAt(scope, fake.url);
  for (let times = 0; times < 10; times += 1) {
    await upstream.headManifest(name, latest, requestOptions());
    await upstream.getManifest(name, latest, requestOptions());
    await readWhole(await upstream.getBlob(name, digest, {}, requestOptions()));
    await failureOf(upstream.getManifest(name, parseTag("none"), requestOptions()), "not-found");
  }
  assert.ok(fake.connections < 10, `${fake.connections} connections for ${fake.ledger.count()} requests`);
});
