import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseTag } from "../../src/oci/reference.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { createUpstreamClient } from "../../src/upstream/create-upstream-client.js";
import type { UpstreamClient } from "../../src/upstream/upstream-client.js";
import type { EndpointSettings, UpstreamSettings } from "../../src/upstream/upstream-settings.js";
import { seededBytes } from "../support/content.js";
import { answer, html, silence } from "../support/fake-upstream/faults.js";
import { errorReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { RecordedLog } from "../support/recorded-log.js";
import { Scope } from "../support/scope.js";
import { failureOf, readWhole, requestOptions, upstreamAt } from "../support/upstream-client.js";

const name = parseRepositoryName("library/alpine");
const latest = parseTag("latest");
const bytes = seededBytes("layer", 1_000);

async function mirrorAndRegistry(scope: Scope): Promise<[mirror: FakeUpstream, registry: FakeUpstream]> {
  const fakes: [FakeUpstream, FakeUpstream] = [await FakeUpstream.start(scope), await FakeUpstream.start(scope)];
  for (const fake of fakes) fake.store.addImage(name, [bytes], "latest");
  return fakes;
}

function upstreamOf(
  scope: Scope,
  endpoints: readonly EndpointSettings[],
  settings: Partial<UpstreamSettings> = {},
): UpstreamClient {
  const upstream = createUpstreamClient(
    { name: "fake.example", endpoints, retryDelay: 1, ...settings },
    { version: "0.0.0", instanceId: "test", environment: {} },
  );
  scope.defer(() => upstream.close());
  return upstream;
}

test("the mirror is asked first, and the registry only if that is not enough", async (t) => {
  const scope = new Scope(t);
  const [mirror, registry] = await mirrorAndRegistry(scope);
  await upstreamOf(scope, [mirror, registry]).headManifest(name, latest, requestOptions());
  assert.equal(mirror.ledger.count(), 1);
  assert.equal(registry.ledger.count(), 0);
});

for (const [what, fault, isLogged] of [
  ["does not have it", answer(errorReply(404, "MANIFEST_UNKNOWN")), false],
  ["fails", answer(errorReply(502, "BAD")), true],
  ["limits", answer(errorReply(429, "TOOMANYREQUESTS")), true],
  ["refuses", answer(errorReply(403, "DENIED")), true],
  ["wants a login", answer(errorReply(401, "UNAUTHORIZED")), true],
  ["sends a page", html, true],
] as const) {
  test(`a mirror that ${what} is skipped`, async (t) => {
    const scope = new Scope(t);
    const [mirror, registry] = await mirrorAndRegistry(scope);
    mirror.faults.add({}, fault);
    const log = new RecordedLog();
    await upstreamOf(scope, [mirror, registry]).getManifest(name, latest, requestOptions({ log }));
    assert.equal(mirror.ledger.count(), 1);
    assert.equal(registry.ledger.count(), 1);
    assert.equal(log.named("upstream mirror failed").length > 0, isLogged);
  });
}

test("an unreachable mirror is not tried again for a while", async (t) => {
  const scope = new Scope(t);
  const [mirror, registry] = await mirrorAndRegistry(scope);
  mirror.faults.add({}, silence);
  const upstream = upstreamOf(scope, [mirror, registry], { firstByteTimeout: 500 });
  await upstream.headManifest(name, latest, requestOptions());
  await upstream.headManifest(name, latest, requestOptions());
  assert.ok(mirror.ledger.count() <= 1);
  assert.equal(registry.ledger.count(), 2);
});

test("the registry is authoritative: what it does not have is not found, whatever the mirror's problem", async (t) => {
  const scope = new Scope(t);
  const [mirror, registry] = await mirrorAndRegistry(scope);
  await mirror.stop();
  registry.store.removeTag(name, "latest");
  await failureOf(upstreamOf(scope, [mirror, registry]).headManifest(name, latest, requestOptions()), "not-found");
});

test("what the mirror does not have is not taken for missing while the registry is unreachable", async (t) => {
  const scope = new Scope(t);
  const [mirror, registry] = await mirrorAndRegistry(scope);
  const upstream = upstreamOf(scope, [mirror, registry]);
  mirror.store.removeTag(name, "latest");
  await registry.stop();
  for (const _ of [1, 2]) await failureOf(upstream.headManifest(name, latest, requestOptions()), "unavailable");
  await registry.start();
  await upstream.headManifest(name, latest, requestOptions());
});

test("credentials go only to the endpoint they are configured for", async (t) => {
  const scope = new Scope(t);
  const mirror = await FakeUpstream.start(scope, { auth: "basic" });
  const registry = await FakeUpstream.start(scope, { auth: "basic" });
  registry.store.addImage(name, [], "latest");
  registry.tokens.logins.set("user", "password");
  const endpoints = [mirror, { url: registry.url, credentials: { username: "user", password: "password" } }];
  await upstreamOf(scope, endpoints).headManifest(name, latest, requestOptions());
  assert.equal(mirror.ledger.last().headers.authorization, undefined);
});

test("a blob comes from wherever it is available", async (t) => {
  const scope = new Scope(t);
  const [mirror, registry] = await mirrorAndRegistry(scope);
  const { digest } = registry.store.addBlob(name, seededBytes("other", 1_000));
  const blob = await upstreamOf(scope, [mirror, registry]).getBlob(name, digest, {}, requestOptions());
  assert.deepEqual(await readWhole(blob), seededBytes("other", 1_000));
});

test("with a stored copy, an upstream that was just unreachable is not asked", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  fake.faults.add({}, silence);
  const time = { now: 0 };
  const clock = { monotonic: () => time.now, wall: () => 0 };
  const upstream = upstreamAt(scope, fake.url, {
    outageMemory: 10_000,
    firstByteTimeout: 300,
    attempts: 1,
    surroundings: { clock },
  });
  await failureOf(upstream.headManifest(name, latest, requestOptions({ deadlineMs: 1_000 })), "unavailable");
  fake.ledger.clear();
  fake.faults.clear();
  await failureOf(upstream.headManifest(name, latest, requestOptions({ deadlineMs: 1_000 })), "unavailable");
  assert.equal(fake.ledger.count(), 0);
  time.now = 10_000;
  await upstream.headManifest(name, latest, requestOptions({ deadlineMs: 1_000 }));
});

test("without a stored copy, an upstream that was just unreachable is asked anyway, and may have recovered", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [], "latest");
  const upstream = upstreamAt(scope, fake.url);
  await fake.stop();
  await failureOf(upstream.headManifest(name, latest, requestOptions({ deadlineMs: 1_000 })), "unavailable");
  await fake.start();
  await upstream.headManifest(name, latest, requestOptions());
  await upstream.headManifest(name, latest, requestOptions({ deadlineMs: 5_000 }));
});

test("an upstream without a URL, or with an invalid one, is an error in words", (t) => {
  const scope = new Scope(t);
  assert.throws(() => upstreamOf(scope, []), /fake\.example has no URL/);
  assert.throws(() => upstreamOf(scope, [{ url: "ftp://x" }]), /begins with https/);
  assert.throws(() => upstreamOf(scope, [{ url: "registry-1.docker.io" }]), /begins with https/);
  assert.throws(() => upstreamOf(scope, [{ url: "https://user:secret@host" }]), /credentials in it/);
});
