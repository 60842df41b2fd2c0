import { strict as assert } from "node:assert";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { lateBy, stallAt } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
/** Larger than what counts as small. */
const layerSize = 1_500_000;

function pathOf(layer: Buffer): string {
  return `/v2/${name}/blobs/${digestOf(layer)}`;
}

function layersOf(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => seededBytes(`layer ${index}`, layerSize));
}

async function runWith(scope: Scope, layers: readonly Buffer[], options: Parameters<typeof runProxy>[2] = {}) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, layers, "latest");
  const proxy = await runProxy(scope, fake.url, options);
  await proxy.client.get(`/v2/${name}/manifests/latest`);
  return { fake, ...proxy };
}

test("64 cold layers that all stall are all requested, and each client has its headers", async (t) => {
  const layers = layersOf(64);
  const { fake, client } = await runWith(new Scope(t), layers);
  fake.faults.add({ kind: "blob", method: "GET" }, stallAt(1000));
  const answers = await Promise.all(layers.map((layer) => client.open("GET", pathOf(layer))));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 64);
  for (const { stream } of answers) stream.destroy();
});

test("downloads whose clients have left give way to one that a client waits for, and are finished afterwards", async (t) => {
  const layers = layersOf(3);
  const { fake, client, storage } = await runWith(new Scope(t), layers, { upstreamLimits: { maxDownloads: 2 } });
  const [wanted, ...left] = layers;
  assert.ok(wanted);
  const recover = fake.faults.add({ kind: "blob", method: "GET" }, stallAt(200_000));
  for (const layer of left) {
    const { stream } = await client.open("GET", pathOf(layer));
    stream.destroy();
  }
  recover();
  assert.deepEqual((await client.get(pathOf(wanted))).body, wanted);
  // Only one had to give way. The other one remains stalled until its connection breaks.
  await fake.stop();
  await fake.start();
  for (const layer of left) {
    await waitUntil("the interrupted ones are finished", async () => {
      return (await storage.repository(name).findBlob(digestOf(layer))) === undefined ? undefined : true;
    });
  }
});

test("a HEAD of a blob, and a small blob, wait for no download", async (t) => {
  const [large, ...others] = layersOf(3);
  assert.ok(large);
  const { fake, client } = await runWith(new Scope(t), [large], {
    upstreamLimits: { maxDownloads: 1, maxConcurrent: 1 },
  });
  const small = fake.store.addBlob(name, Buffer.from("a small layer"));
  fake.faults.add({ kind: "blob", method: "GET", reference: digestOf(large) }, stallAt(1000));
  const { stream } = await client.open("GET", pathOf(large));
  for (const other of others) fake.store.addBlob(name, other);
  assert.equal((await client.head(`/v2/${name}/blobs/${small.digest}`)).status, 200);
  stream.destroy();
});

test("a client of a blob whose headers are late is told to retry, and the next one gets it from the same request", async (t) => {
  const layers = layersOf(1);
  const [layer = Buffer.alloc(0)] = layers;
  const { fake, client } = await runWith(new Scope(t), layers, { answerTimeout: 50, finishDownloads: false });
  fake.faults.add({ kind: "blob", method: "GET" }, lateBy(500), { times: 1 });
  const early = await client.get(pathOf(layer));
  assert.equal(early.status, 503);
  assert.ok(Number(early.headers["retry-after"]) > 0);
  assert.match(early.body.toString(), /UNAVAILABLE.*retry later/);
  const body = await waitUntil("it has arrived", async () => {
    const answer = await client.get(pathOf(layer));
    return answer.status === 200 ? answer.body : undefined;
  });
  assert.deepEqual(body, layer);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
});

for (const range of ["bytes=0-1", "bytes=-100", "bytes=1499949-1499999", "bytes=1125000-"]) {
  test(`the headers of a cold layer requested with ${range} are sent when the upstream's have arrived`, async (t) => {
    const layers = layersOf(1);
    const [layer = Buffer.alloc(0)] = layers;
    const { fake, client } = await runWith(new Scope(t), layers);
    const recover = fake.faults.add({ kind: "blob", method: "GET" }, stallAt(0));
    const answer = await client.open("GET", pathOf(layer), { headers: { range } });
    assert.equal(answer.status, 206);
    const [, start = "", end = ""] = /^bytes (\d+)-(\d+)\/1500000$/.exec(answer.headers["content-range"] ?? "") ?? [];
    recover();
    await fake.stop();
    await fake.start();
    assert.deepEqual(await buffer(answer.stream), layer.subarray(Number(start), Number(end) + 1));
  });
}

test("with lazyRanges a small part far ahead is fetched separately, while the download stalls", async (t) => {
  const layers = layersOf(1);
  const [layer = Buffer.alloc(0)] = layers;
  const { fake, client } = await runWith(new Scope(t), layers, { lazyRanges: true });
  fake.faults.add({ kind: "blob", method: "GET" }, stallAt(1000), { times: 1 });
  const footer = await client.get(pathOf(layer), { range: "bytes=-51" });
  assert.deepEqual([footer.status, footer.body], [206, layer.subarray(-51)]);
  assert.deepEqual(
    fake.ledger.entries({ kind: "blob", method: "GET" }).map(({ request }) => request.headers.range),
    [undefined, `bytes=${layerSize - 51}-${layerSize - 1}`],
  );
});

test("with lazyRanges, and an upstream that sends no parts, the download brings the part", async (t) => {
  const layers = layersOf(1);
  const [layer = Buffer.alloc(0)] = layers;
  const { fake, client } = await runWith(new Scope(t), layers, { lazyRanges: true });
  fake.habits.knowsRange = false;
  assert.deepEqual((await client.get(pathOf(layer), { range: "bytes=-51" })).body, layer.subarray(-51));
});
