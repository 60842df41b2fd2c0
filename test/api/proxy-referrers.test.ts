import { strict as assert } from "node:assert";
import { test } from "node:test";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { contentOf, noContent } from "../support/fake-upstream/content.js";
import { answer, cutAt, type Fault, gzipped, html, redirectTo } from "../support/fake-upstream/faults.js";
import { emptyReply, errorReply, jsonReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { type RunningProxy, runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const name = parseRepositoryName("team/app");

async function withSignature(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  const { descriptor: subject } = fake.store.addImage(name, [], "latest");
  const { config } = fake.store.addImage(name, []);
  const signature = { mediaType: mediaTypes.ociManifest, artifactType: "application/signature", config, layers: [] };
  const { descriptor } = fake.store.addManifest(name, { ...signature, subject });
  const path = `/v2/${name}/referrers/${subject.digest}`;
  const tag = subject.digest.replace(":", "-");
  const pushFallback = () =>
    fake.store.addManifest(name, { mediaType: mediaTypes.ociIndex, manifests: [descriptor] }, tag);
  return { fake, path, descriptor, tag, pushFallback, proxy: await runProxy(scope, fake.url) };
}

async function listed({ client }: RunningProxy, path: string): Promise<string[]> {
  const { status, body } = await client.get(path);
  assert.equal(status, 200, String(body));
  return JSON.parse(String(body)).manifests.map(({ digest }: { digest: string }) => digest);
}

const failures: readonly (readonly [what: string, fault: Fault])[] = [
  ["403", answer(errorReply(403, "DENIED"))],
  ["401", answer(emptyReply(401))],
  ["500", answer(emptyReply(500))],
  ["429", answer(emptyReply(429, { "retry-after": "60" }))],
  ["a web page", html],
  ["{}", answer(jsonReply(200, {}))],
  ["[]", answer(jsonReply(200, []))],
  ["an error under 200", answer(jsonReply(200, { errors: [{ code: "UNKNOWN" }] }))],
  ["nothing", answer({ status: 200, headers: {}, body: noContent })],
  ["half of its response", cutAt(20)],
  ["anything but an index", answer({ status: 200, headers: {}, body: contentOf('{"manifests":{}}') })],
];

for (const [what, fault] of failures) {
  test(`if the referrers API answers ${what}, the fallback tag lists the referrers`, async (t) => {
    const { fake, path, descriptor, pushFallback, proxy } = await withSignature(new Scope(t));
    fake.faults.add({ kind: "referrers" }, fault);
    pushFallback();
    assert.deepEqual(await listed(proxy, path), [descriptor.digest]);
  });

  test(`if the referrers API answers ${what} and there is no fallback tag, that is a failure and not an empty list`, async (t) => {
    const { fake, path, proxy } = await withSignature(new Scope(t));
    fake.faults.add({ kind: "referrers" }, fault);
    const { status, body } = await proxy.client.get(path);
    assert.ok(status >= 500, String(status));
    assert.match(String(body), /the referrers of sha256:[0-9a-f]{64} are unknown: /);
  });
}

test("if neither the API nor the fallback tag can be reached, that is reported", async (t) => {
  const { fake, path, tag, proxy } = await withSignature(new Scope(t));
  fake.faults.add({ kind: "referrers" }, answer(emptyReply(404)));
  fake.faults.add({ kind: "manifest", reference: tag }, answer(emptyReply(500)));
  assert.equal((await proxy.client.get(path)).status, 503);
});

test("an unreachable upstream has no empty list of referrers; the stored ones are listed with a warning", async (t) => {
  const { fake, path, descriptor, proxy } = await withSignature(new Scope(t));
  const unknown = path.replace(/[0-9a-f]{64}/, "a".repeat(64));
  await proxy.client.get(`/v2/${name}/manifests/${descriptor.digest}`);
  await fake.stop();
  const away = await proxy.client.get(unknown);
  assert.equal(away.status, 503);
  assert.ok(away.headers["retry-after"]);
  assert.deepEqual(await listed(proxy, path), [descriptor.digest]);
  assert.match(String((await proxy.client.get(path)).headers.warning), /^299 - "only the cached referrers are listed/);
});

test("an empty list is passed on if the upstream says so: by its API, by null, or by having neither API nor tag", async (t) => {
  const { fake, path, proxy } = await withSignature(new Scope(t));
  const other = (digit: string) => path.replace(/[0-9a-f]{64}/, digit.repeat(64));
  assert.deepEqual(await listed(proxy, other("1")), []);
  const undo = fake.faults.add({ kind: "referrers" }, answer(jsonReply(200, { manifests: null })));
  assert.deepEqual(await listed(proxy, other("2")), []);
  undo();
  fake.habits.hasReferrersApi = false;
  assert.deepEqual(await listed(proxy, other("3")), []);
  fake.faults.add({ kind: "referrers" }, redirectTo("/elsewhere"));
  assert.deepEqual(await listed(proxy, other("4")), []);
});

test("an encoded list is read", async (t) => {
  const { fake, path, descriptor, proxy } = await withSignature(new Scope(t));
  fake.faults.add({ kind: "referrers" }, gzipped);
  assert.deepEqual(await listed(proxy, path), [descriptor.digest]);
});

test("a hundred clients that request the same referrers are one request", async (t) => {
  const { fake, path, descriptor, proxy } = await withSignature(new Scope(t));
  const lists = await Promise.all(Array.from({ length: 100 }, () => listed(proxy, path)));
  for (const list of lists) assert.deepEqual(list, [descriptor.digest]);
  assert.equal(fake.ledger.count(), 1);
});

test("more referrers than one response can hold are listed in pages", async (t) => {
  const { fake, path, proxy } = await withSignature(new Scope(t));
  const manifests = Array.from({ length: 6_000 }, (_, index) => ({
    mediaType: mediaTypes.ociManifest,
    digest: `sha256:${String(index).padStart(64, "0")}`,
    size: 5,
    annotations: { padding: "x".repeat(1_000) },
  }));
  fake.faults.add({ kind: "referrers" }, answer(jsonReply(200, { manifests })));
  const { client } = proxy;
  const first = await client.get(path);
  assert.ok(first.body.length <= 4 * 1024 * 1024);
  const next = /^<(.+)>; rel="next"$/.exec(first.headers.link ?? "")?.[1] ?? "";
  const second = await client.get(next);
  const all = [first, second].flatMap(({ body }) => JSON.parse(String(body)).manifests);
  assert.deepEqual([all.length, second.headers.link], [manifests.length, undefined]);
  assert.equal(fake.ledger.count({ kind: "referrers" }), 1);
});
