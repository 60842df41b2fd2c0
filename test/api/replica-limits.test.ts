import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { SharedLimits } from "../../src/proxy/shared-limits.js";
import { S3Driver } from "../../src/storage/drivers/s3/s3-driver.js";
import { Storage } from "../../src/storage/storage.js";
import { seededBytes } from "../support/content.js";
import { status } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { settingsFor } from "../support/object-stores/object-store.js";
import { RecordedLog } from "../support/recorded-log.js";
import { type RunningProxy, runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { upstreamAt } from "../support/upstream-client.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
const tagPath = (tag: string) => `/v2/${name}/manifests/${tag}`;

async function startReplica(scope: Scope, store: FakeStore, url: string): Promise<RunningProxy> {
  const log = new RecordedLog();
  const storage = new Storage(await S3Driver.open(await settingsFor(scope, store, "images")), 1024 * 1024, log);
  const limits = new SharedLimits(storage, log);
  const client = upstreamAt(scope, url, {
    name: "docker.io",
    attempts: 1,
    surroundings: { limitsOf: (upstream) => limits.of(upstream) },
  });
  return runProxy(scope, url, { opened: storage, client });
}

interface Two {
  readonly fake: FakeUpstream;
  readonly store: FakeStore;
  readonly one: RunningProxy;
  readonly other: RunningProxy;
}

async function startTwo(scope: Scope): Promise<Two> {
  const fake = await FakeUpstream.start(scope);
  for (const tag of ["one", "two", "three"]) fake.store.addImage(name, [seededBytes(tag, 1_000)], tag);
  const store = await FakeStore.start(scope);
  return {
    fake,
    store,
    one: await startReplica(scope, store, fake.url),
    other: await startReplica(scope, store, fake.url),
  };
}

test("a limit that an upstream imposes on one replica is heeded by the others within seconds", async (t) => {
  const { fake, store, one, other } = await startTwo(new Scope(t));
  assert.equal((await other.client.get(tagPath("one"))).status, 200);
  fake.faults.add({ kind: "manifest" }, status(429, { "retry-after": "3600" }), { times: 1 });
  assert.equal((await one.client.get(tagPath("two"))).status, 429);
  await waitUntil("it is told", () => store.keys().includes(".berth/limits") || undefined);
  await waitUntil("the other one heeds it", async () => {
    const { status, headers } = await other.client.get(tagPath("absent"));
    return status === 429 && Number(headers["retry-after"]) > 3_500 ? true : undefined;
  });
  const asked = fake.ledger.count({ kind: "manifest" });
  assert.equal((await other.client.get(tagPath("two"))).status, 429);
  assert.equal(fake.ledger.count({ kind: "manifest" }), asked);
});

test("a replica that starts later asks the upstream itself: it may have another login", async (t) => {
  const scope = new Scope(t);
  const { fake, store, one } = await startTwo(scope);
  fake.faults.add({ kind: "manifest" }, status(429, { "retry-after": "3600" }), { times: 1 });
  assert.equal((await one.client.get(tagPath("two"))).status, 429);
  await waitUntil("it is told", () => store.keys().includes(".berth/limits") || undefined);
  const { client } = await startReplica(scope, store, fake.url);
  assert.equal((await client.get(tagPath("two"))).status, 200);
});

test("limits cost the store a request every two seconds, however many requests go to the upstream", async (t) => {
  const { store, one } = await startTwo(new Scope(t));
  const looks = () => store.faults.requests.filter((each) => each.endsWith("/.berth/limits")).length;
  const before = looks();
  const started = performance.now();
  for (let round = 0; round < 50; round++) await one.client.get(tagPath("one"));
  const seconds = (performance.now() - started) / 1000;
  assert.ok(looks() - before <= 1 + seconds / 2, `${looks() - before} in ${seconds} s`);
});

test("a store that is away keeps nobody from the upstream", async (t) => {
  const { store, fake, one } = await startTwo(new Scope(t));
  store.faults.add(/\.berth\/limits/, { kind: "status", status: 403, code: "AccessDenied" }, 1_000);
  for (const tag of ["one", "two"]) assert.equal((await one.client.get(tagPath(tag))).status, 200);
  fake.faults.add({ kind: "manifest" }, status(429, { "retry-after": "3600" }), { times: 1 });
  assert.equal((await one.client.get(tagPath("three"))).status, 429);
});
