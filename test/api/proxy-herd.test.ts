import { strict as assert } from "node:assert";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { cutAt, type Fault, header } from "../support/fake-upstream/faults.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 6_000_000);
const digest = digestOf(layer);
const path = `/v2/${name}/blobs/${digest}`;
const tagPath = `/v2/${name}/manifests/latest`;

async function runWithImage(scope: Scope, options: Parameters<typeof runProxy>[2] = {}) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  fake.throttle.bytesPerSecond = 6_000_000;
  return { fake, ...(await runProxy(scope, fake.url, options)) };
}

test("early, late, slow and leaving clients share one GET, and each gets what it requested", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t));
  const arrived = (share: number) =>
    waitUntil("this share has arrived", () => fake.ledger.bytes({ kind: "blob" }) >= layer.length * share || undefined);
  const whole = async () => assert.ok((await client.get(path)).body.equals(layer));
  const late = async () => arrived(0.5).then(whole);
  const leaving = async () => void (await client.open("GET", path)).stream.destroy();
  const slow = async () => {
    const { stream } = await client.open("GET", path);
    await arrived(1);
    assert.ok((await buffer(stream)).equals(layer));
  };
  const part = async () => {
    const { status, body } = await client.get(path, { range: "bytes=4000000-4999999" });
    assert.equal(status, 206);
    assert.ok(body.equals(layer.subarray(4_000_000, 5_000_000)));
  };
  const kinds = [whole, late, leaving, slow, part];
  await Promise.all(kinds.flatMap((kind) => Array.from({ length: 10 }, kind)));
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
});

test("three interruptions in the middle of a herd cost no byte twice", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t));
  fake.faults.add({ kind: "blob" }, cutAt(1_500_000), { times: 3 });
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.get(path)));
  for (const { body } of answers) assert.ok(body.equals(layer));
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 4);
  assert.ok(fake.ledger.bytes({ kind: "blob" }) <= layer.length * 1.05, `${fake.ledger.bytes({ kind: "blob" })} bytes`);
});

/** A wrong blob of the right length, which was right before or will be. */
const changed: Fault = (reply) => {
  const { body } = reply;
  const wrong = (start: number, end: number) => Buffer.from(body.slice(start, end)).fill(0, 0, 1);
  return header("etag", '"another"')({ ...reply, body: { size: body.size, slice: wrong } }, {} as never);
};

test("a blob that changed upstream during an interruption is not assembled from both versions", async (t) => {
  const { fake, client, storage } = await runWithImage(new Scope(t));
  await client.get(tagPath);
  fake.faults.add({ kind: "blob" }, changed, { times: 1 });
  fake.faults.add({ kind: "blob" }, cutAt(3_000_000), { times: 1 });
  await assert.rejects(client.get(path));
  assert.equal(await storage.repository(name).findBlob(digest), undefined);
  assert.ok((await client.get(path)).body.equals(layer));
});

test("one wrong byte cuts off every client of a herd, and no file gets the name", async (t) => {
  const { fake, client, storage } = await runWithImage(new Scope(t));
  await client.get(tagPath);
  const recover = fake.faults.add({ kind: "blob" }, changed);
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => client.get(path)));
  for (const answer of answers) {
    const taken = answer.status === "fulfilled" ? answer.value.status : undefined;
    assert.ok(taken === undefined || taken >= 500, `a client took it for whole: ${taken}`);
  }
  assert.equal(await storage.blobs.size(digest), undefined);
  recover();
  assert.ok((await client.get(path)).body.equals(layer));
});

test("a herd on one cold tag is one HEAD and one GET", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t), { tagTtl: 60_000 });
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.get(tagPath)));
  for (const { status } of answers) assert.equal(status, 200);
  assert.equal(fake.ledger.count({ kind: "manifest", method: "HEAD" }), 1);
  assert.equal(fake.ledger.count({ kind: "manifest", method: "GET" }), 1);
});

test("a client that arrives right after the last one has left gets the blob, even if downloads are not finished", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t), { finishDownloads: false });
  const first = await client.open("GET", path);
  first.stream.destroy();
  await waitUntil("something has arrived", () => fake.ledger.bytes({ kind: "blob" }) > 0 || undefined);
  for (let round = 0; round < 5; round++) {
    const answer = await client.open("GET", path);
    answer.stream.destroy();
  }
  assert.ok((await client.get(path)).body.equals(layer));
});
