import { strict as assert } from "node:assert";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { ApiClient } from "../support/api-client.js";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { expectStatus, seededBytes } from "../support/content.js";
import { cutAt, type Fault } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 24_000_000);
const tagPath = `/v2/${name}/manifests/latest`;

/** Slow enough that all clients arrive while it runs. */
const bytesPerSecond = 12_000_000;

/** Slow enough that the download does not end, however busy the machine is, before the test lets it go on. */
const slowly = 400_000;

/** At most this much of what was sent is lost when the receiving process dies. */
const lostOnTheWay = 4_000_000;

/** The first byte of each piece is different. */
const wrongAtStart: Fault = (reply) => {
  const { body } = reply;
  return {
    ...reply,
    body: { size: body.size, slice: (start, end) => Buffer.from(body.slice(start, end)).fill(0, 0, 1) },
  };
};

interface Upstream {
  readonly fake: FakeUpstream;
  /** Of the layer. */
  readonly path: string;
}

async function slowUpstream(scope: Scope): Promise<Upstream> {
  const fake = await FakeUpstream.start(scope);
  const image = fake.store.addImage(name, [layer], "latest");
  fake.throttle.bytesPerSecond = bytesPerSecond;
  return { fake, path: `/v2/${name}/blobs/${image.layers[0]?.digest}` };
}

/** Fifty clients of these Berths in turn, which each get the layer; a few leave early. */
async function herd(clients: readonly RegistryClient[], path: string): Promise<void> {
  const asked = Array.from({ length: 50 }, async (_, index) => {
    const client = clients[index % clients.length];
    if (client === undefined) return;
    const answer = await client.open("GET", path);
    if (index % 10 === 9) answer.stream.destroy();
    else assert.ok((await buffer(answer.stream)).equals(layer), "other bytes than the upstream's");
  });
  await Promise.all(asked);
}

test("the clients of two workers share one GET of a cold blob", { timeout: 120_000 }, async (t) => {
  const scope = new Scope(t);
  const { fake, path } = await slowUpstream(scope);
  const berth = await startWorkers(scope, fake);
  await herd([berth.client], path);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
  assert.equal(fake.ledger.bytes({ kind: "blob" }), layer.length);
  await bothAnswered(berth);
});

test("the clients of two Berths on one directory share one GET of a cold blob", { timeout: 120_000 }, async (t) => {
  const scope = new Scope(t);
  const { fake, path } = await slowUpstream(scope);
  const one = await startBerth(scope, { cacheOf: fake.url });
  const other = await startBerth(scope, { cacheOf: fake.url, root: one.root });
  await herd([one.client, other.client], path);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
});

test("an upstream that breaks off three times costs two workers no byte twice", { timeout: 120_000 }, async (t) => {
  const scope = new Scope(t);
  const { fake, path } = await slowUpstream(scope);
  fake.faults.add({ kind: "blob", method: "GET" }, cutAt(5_000_000), { times: 3 });
  const berth = await startWorkers(scope, fake);
  await herd([berth.client], path);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 4);
  assert.ok(fake.ledger.bytes({ kind: "blob" }) <= layer.length * 1.05);
});

test("readers in another process get the first bytes while the rest is being downloaded", async (t) => {
  const scope = new Scope(t);
  const { fake, path } = await slowUpstream(scope);
  fake.throttle.bytesPerSecond = slowly;
  const one = await startBerth(scope, { cacheOf: fake.url });
  const other = await startBerth(scope, { cacheOf: fake.url, root: one.root });
  const download = await one.client.open("GET", path);
  await once(download.stream, "readable");
  const along = await other.client.open("GET", path);
  await once(along.stream, "readable");
  assert.ok(fake.ledger.bytes({ kind: "blob" }) < layer.length, "it waited for the end");
  fake.throttle.bytesPerSecond = bytesPerSecond;
  assert.equal(Number(along.headers["content-length"]), layer.length);
  assert.ok((await buffer(along.stream)).equals(layer));
  assert.ok((await buffer(download.stream)).equals(layer));
});

test("when the downloading process is killed, another continues at once from where it was", async (t) => {
  const scope = new Scope(t);
  const { fake, path } = await slowUpstream(scope);
  const one = await startBerth(scope, { cacheOf: fake.url });
  const other = await startBerth(scope, { cacheOf: fake.url, root: one.root });
  const download = await one.client.open("GET", path);
  await once(download.stream, "readable");
  const along = Array.from({ length: 10 }, () => other.client.get(path));
  await waitUntil("a good part is here", () => fake.ledger.bytes({ kind: "blob" }) > layer.length / 2 || undefined);
  const killedAt = performance.now();
  await one.daemon.kill();
  await waitUntil("the other asks", () => fake.ledger.count({ kind: "blob", method: "GET" }) === 2 || undefined);
  t.diagnostic(`the other went on after ${Math.round(performance.now() - killedAt)} ms`);
  for (const { body } of await Promise.all(along)) assert.ok(body.equals(layer));
  await assert.rejects(buffer(download.stream));
  const [, second] = fake.ledger.entries({ kind: "blob", method: "GET" });
  assert.match(second?.request.headers.range ?? "", /^bytes=[1-9]\d+-$/);
  assert.ok(fake.ledger.bytes({ kind: "blob" }) < layer.length + lostOnTheWay);
});

test("a wrong byte never completes a blob in a process that reads along, even if that starts to download it", async (t) => {
  const scope = new Scope(t);
  const { fake, path } = await slowUpstream(scope);
  fake.throttle.bytesPerSecond = slowly;
  fake.faults.add({ kind: "blob" }, wrongAtStart, { times: 1 });
  const one = await startBerth(scope, { cacheOf: fake.url });
  const other = await startBerth(scope, { cacheOf: fake.url, root: one.root });
  const download = await one.client.open("GET", path);
  await once(download.stream, "readable");
  const along = await other.client.open("GET", path);
  await once(along.stream, "readable");
  fake.throttle.bytesPerSecond = bytesPerSecond;
  const bodies = await Promise.allSettled([buffer(download.stream), buffer(along.stream)]);
  for (const body of bodies) if (body.status === "fulfilled") assert.ok(body.value.equals(layer), "wrong bytes");
  assert.deepEqual(
    bodies.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.ok((await other.client.get(path)).body.equals(layer));
});

test("what had arrived when Berth was killed is not downloaded again by the next one", async (t) => {
  const scope = new Scope(t);
  const { fake, path } = await slowUpstream(scope);
  const before = await startBerth(scope, { cacheOf: fake.url });
  const broken = before.client.get(path);
  broken.catch(() => {});
  await waitUntil("a good part is here", () => fake.ledger.bytes({ kind: "blob" }) > layer.length / 2 || undefined);
  await before.daemon.kill();
  await assert.rejects(broken);
  const after = await startBerth(scope, { cacheOf: fake.url, root: before.root });
  await herd([after.client], path);
  assert.ok(fake.ledger.bytes({ kind: "blob" }) < layer.length + lostOnTheWay);
});

test("whichever of two workers answers, the API tells the downloads, the upstream and the day of both", async (t) => {
  const scope = new Scope(t);
  const { fake, path } = await slowUpstream(scope);
  fake.throttle.bytesPerSecond = slowly;
  const berth = await startWorkers(scope, fake);
  const api = new ApiClient(berth.client);
  expectStatus(await berth.client.get(tagPath), 200, "the manifest");
  const reading = await berth.client.open("GET", path);
  await once(reading.stream, "readable");
  const workers = new Set<string>();
  await waitUntil("both workers have answered", async () => {
    const { items } = await api.get("downloads");
    assert.deepEqual(
      items.map(({ repository, clients }: { repository: string; clients: number }) => [repository, clients]),
      [[name, 1]],
    );
    assert.equal((await api.get("upstreams")).items[0].state, "up");
    assert.equal((await api.get("summary")).today.pulls, 1);
    for (const [, worker] of berth.daemon.output.matchAll(/path=\/v2\/_berth\/summary.* worker=(\d)\n/g))
      workers.add(worker ?? "");
    return workers.size === 2 || undefined;
  });
  fake.throttle.bytesPerSecond = Number.POSITIVE_INFINITY;
  reading.stream.destroy();
});

test("a cold tag costs two workers one GET, however many clients request it", async (t) => {
  const scope = new Scope(t);
  const { fake } = await slowUpstream(scope);
  const berth = await startWorkers(scope, fake);
  const answers = await Promise.all(Array.from({ length: 50 }, () => berth.client.get(tagPath)));
  for (const { status } of answers) assert.equal(status, 200);
  await bothAnswered(berth);
  assert.equal(fake.ledger.count({ kind: "manifest", method: "GET" }), 1);
  assert.ok(fake.ledger.count({ kind: "manifest", method: "HEAD" }) <= 2, "more than one request per worker");
});

/** Two workers, both ready: the first one responds before the second does. */
async function startWorkers(scope: Scope, fake: FakeUpstream): Promise<BerthProcess> {
  const berth = await startBerth(scope, { cacheOf: fake.url, server: { workers: 2 } });
  await waitUntil("both serve", () => berth.daemon.output.includes(" workers=2\n") || undefined);
  return berth;
}

/** Otherwise the test means nothing. Lines are written in batches. */
async function bothAnswered({ daemon }: BerthProcess): Promise<void> {
  await waitUntil("lines of both workers", () => {
    const lines = [...daemon.output.matchAll(/ info {2}request method=GET path=\/v2\/library.* worker=(\d)\n/g)];
    return new Set(lines.map(([, worker]) => worker)).size === 2 || undefined;
  });
}
