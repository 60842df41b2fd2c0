import { strict as assert } from "node:assert";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { wrongBytes } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { startCachedReplica } from "../support/object-stores/cached-replicas.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 6_000_000);
const digest = digestOf(layer);
const path = `/v2/${name}/blobs/${digest}`;

type Options = Parameters<typeof startCachedReplica>[3];

async function startReplicas(scope: Scope, ...options: readonly Options[]) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  fake.throttle.bytesPerSecond = 6_000_000;
  const store = await FakeStore.start(scope);
  const replicas = [];
  for (const each of options) replicas.push(await startCachedReplica(scope, store, fake.url, each));
  return { fake, store, replicas };
}

const arrived = (fake: FakeUpstream, share: number) =>
  waitUntil("this share has arrived", () => fake.ledger.bytes({ kind: "blob" }) >= layer.length * share || undefined);

test("clients of three replicas share one GET upstream, early or late", async (t) => {
  const { fake, store, replicas } = await startReplicas(new Scope(t), {}, {}, {});
  const early = replicas.flatMap(({ client }) => Array.from({ length: 10 }, () => client.get(path)));
  await arrived(fake, 0.5);
  const late = replicas.flatMap(({ client }) => Array.from({ length: 10 }, () => client.get(path)));
  for (const { body } of await Promise.all([...early, ...late])) assert.ok(body.equals(layer));
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
  assert.equal(fake.ledger.bytes({ kind: "blob" }), layer.length);
  for (const { storage } of replicas) await waitUntil("it is stored", () => storage.repository(name).findBlob(digest));
  await waitUntil("no lease is left", () => store.keys().every((key) => !key.includes("/locks/")) || undefined);
});

test("a herd on a tag that no replica has is one GET of its manifest, whose pulls the upstream counts", async (t) => {
  const { fake, replicas } = await startReplicas(new Scope(t), {}, {}, {});
  const tagPath = `/v2/${name}/manifests/latest`;
  const answers = await Promise.all(
    replicas.flatMap(({ client }) => Array.from({ length: 5 }, () => client.get(tagPath))),
  );
  for (const { status } of answers) assert.equal(status, 200);
  assert.equal(fake.ledger.count({ kind: "manifest", method: "GET" }), 1);
});

test("if the replica that downloads can no longer be reached, another goes on where it was, and no client notices", async (t) => {
  const { fake, replicas } = await startReplicas(new Scope(t), {}, {}, {});
  const [leader, ...followers] = replicas;
  assert.ok(leader);
  fake.throttle.bytesPerSecond = 1_000_000;
  const first = leader.client.get(path);
  await arrived(fake, 0.1);
  const others = followers.flatMap(({ client }) => Array.from({ length: 5 }, () => client.get(path)));
  for (const { storage } of followers)
    await waitUntil("a part is here", async () => (await storage.downloads.staged(digest).stat())?.size || undefined);
  fake.throttle.bytesPerSecond = 100_000;
  leader.cluster.close();
  await waitUntil(
    "another asks the upstream",
    () => fake.ledger.count({ kind: "blob", method: "GET" }) > 1 || undefined,
  );
  fake.throttle.bytesPerSecond = 6_000_000;
  for (const { body } of await Promise.all([first, ...others])) assert.ok(body.equals(layer));
  const [, resumed] = fake.ledger.entries({ kind: "blob", method: "GET" });
  assert.match(resumed?.request.headers.range ?? "", /^bytes=[1-9]\d*-$/);
});

test("a blob that is stored while another replica reads it goes on from the bucket", async (t) => {
  const { fake, replicas } = await startReplicas(new Scope(t), {}, {});
  const [leader, follower] = replicas;
  assert.ok(leader && follower);
  fake.throttle.bytesPerSecond = 1_000_000;
  const first = leader.client.get(path);
  await arrived(fake, 0.1);
  const second = await follower.client.open("GET", path);
  leader.cluster.close();
  fake.throttle.bytesPerSecond = 1_000_000_000;
  assert.ok((await buffer(second.stream)).equals(layer));
  assert.ok((await first).body.equals(layer));
});

test("a replica with another key is told nothing, and downloads for itself", async (t) => {
  const { fake, replicas } = await startReplicas(new Scope(t), {}, { secret: Buffer.alloc(32, "other") });
  const [leader, stranger] = replicas;
  assert.ok(leader && stranger);
  fake.throttle.bytesPerSecond = 500_000;
  const first = leader.client.get(path);
  await arrived(fake, 0.05);
  const second = stranger.client.get(path);
  await waitUntil(
    "the stranger asks the upstream",
    () => fake.ledger.count({ kind: "blob", method: "GET" }) > 1 || undefined,
  );
  fake.throttle.bytesPerSecond = 100_000_000;
  for (const { body } of await Promise.all([first, second])) assert.ok(body.equals(layer));
  assert.equal(
    stranger.log.levelsOf("another replica downloads a blob but does not send it, so it is downloaded here, too")
      .length,
    1,
  );
});

test("wrong bytes of the upstream reach no client of any replica as a whole blob", async (t) => {
  const { fake, replicas } = await startReplicas(new Scope(t), {}, {});
  const recover = fake.faults.add({ kind: "blob", method: "GET" }, wrongBytes);
  const answers = await Promise.allSettled(replicas.map(({ client }) => client.get(path)));
  for (const answer of answers) assert.ok(answer.status === "rejected" || answer.value.status >= 500);
  recover();
  for (const { client } of replicas) assert.ok((await client.get(path)).body.equals(layer));
});

test("what an upstream does not have is absent at each replica", async (t) => {
  const { replicas } = await startReplicas(new Scope(t), {}, {});
  const absent = `/v2/${name}/blobs/${digestOf(Buffer.from("absent"))}`;
  for (const { status } of await Promise.all(replicas.map(({ client }) => client.get(absent))))
    assert.equal(status, 404);
});

test("a replica gives other repositories only what their own upstream has", async (t) => {
  const { fake, replicas } = await startReplicas(new Scope(t), {}, {});
  const [leader, other] = replicas;
  assert.ok(leader && other);
  const first = leader.client.get(path);
  await arrived(fake, 0.1);
  assert.equal((await other.client.get(`/v2/library/other/blobs/${digest}`)).status, 404);
  assert.ok((await first).body.equals(layer));
});
