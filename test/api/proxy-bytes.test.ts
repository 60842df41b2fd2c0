import { strict as assert } from "node:assert";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { repeated } from "../support/fake-upstream/content.js";
import {
  answer,
  cutAt,
  endless,
  type Fault,
  html,
  lateBy,
  stallAt,
  tooLong,
  tooShort,
  wrongBytes,
} from "../support/fake-upstream/faults.js";
import { errorReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 300_000);
const digest = digestOf(layer);
const path = `/v2/library/alpine/blobs/${digest}`;

/** Serves an image whose layer is `layer`; its manifest has been pulled, so that the layer's size is known. */
async function runWithImage(scope: Scope) {
  const fake = await FakeUpstream.start(scope);
  fake.store.addImage(name, [layer], "latest");
  const proxy = await runProxy(scope, fake.url);
  await proxy.client.get("/v2/library/alpine/manifests/latest");
  return { fake, ...proxy };
}

const lies: Record<string, Fault> = {
  "other bytes": wrongBytes,
  "more bytes": tooLong(1),
  "fewer bytes": tooShort(1),
  "a page of HTML": html,
  "a body without end": endless,
};

for (const [lie, fault] of Object.entries(lies)) {
  test(`an upstream that sends ${lie} fills no file, and no client takes it for the blob`, async (t) => {
    const scope = new Scope(t);
    const { fake, client, storage } = await runWithImage(scope);
    const recover = fake.faults.add({ kind: "blob" }, fault);
    const taken = await client.get(path).catch(() => undefined);
    assert.ok(taken === undefined || taken.status >= 500, `the client got ${taken?.status}`);
    assert.equal(await storage.repository(name).findBlob(digest), undefined);
    recover();
    assert.deepEqual((await client.get(path)).body, layer);
  });
}

test("a slow client does not take a wrong body without a length for whole, although its file is emptied meanwhile", async (t) => {
  const { fake, client, log } = await runWithImage(new Scope(t));
  // More than the connection takes while the client does not read.
  const wrong = repeated(Buffer.from("wrong"), 32 * 1024 * 1024);
  fake.faults.add({ kind: "blob", method: "GET" }, (reply) => ({
    ...reply,
    headers: { ...reply.headers, "content-length": "" },
    body: wrong,
  }));
  const answer = await client.open("GET", path);
  await waitUntil("the digest is known to be wrong", () =>
    log.events.find(({ event }) => event.startsWith("upstream sent other content")),
  );
  await assert.rejects(buffer(answer.stream));
});

test("the first bytes reach the client while the upstream still sends, the last one only when the digest is verified", async (t) => {
  const scope = new Scope(t);
  const { fake, client } = await runWithImage(scope);
  fake.faults.add({ kind: "blob" }, stallAt(layer.length - 1000));
  const answer = await client.open("GET", path);
  let received = 0;
  for await (const chunk of answer.stream) {
    received += chunk.length;
    if (received === layer.length - 1000) break;
  }
  assert.equal(received, layer.length - 1000);
});

test("what had arrived is not downloaded again after a restart", async (t) => {
  const scope = new Scope(t);
  const { fake, client, root, stop } = await runWithImage(scope);
  fake.faults.add({ kind: "blob" }, cutAt(200_000), { times: 1 });
  fake.faults.add({ kind: "blob" }, answer(errorReply(500, "UNKNOWN", "broken")), { after: 1 });
  await assert.rejects(client.get(path));
  await stop();
  fake.faults.clear();
  fake.ledger.clear();
  const restarted = await runProxy(scope, fake.url, { root });
  assert.deepEqual((await restarted.client.get(path)).body, layer);
  assert.ok(fake.ledger.bytes({ kind: "blob" }) < layer.length, "all of it was fetched again");
});

test("a repository gets a blob stored for another one only if its upstream has it too", async (t) => {
  const scope = new Scope(t);
  const { fake, client } = await runWithImage(scope);
  await client.get(path);
  assert.equal((await client.get(`/v2/library/other/blobs/${digest}`)).status, 404);
  fake.store.addImage(parseRepositoryName("library/third"), [layer], "latest");
  fake.ledger.clear();
  assert.deepEqual((await client.get(`/v2/library/third/blobs/${digest satisfies Digest}`)).body, layer);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 0);
});

test("the same is true of a blob that is still being downloaded for another one", async (t) => {
  const scope = new Scope(t);
  const { fake, client } = await runWithImage(scope);
  fake.store.addImage(parseRepositoryName("library/third"), [layer], "latest");
  const recover = fake.faults.add({ kind: "blob", method: "GET" }, stallAt(100_000));
  const running = await client.open("GET", path);
  await once(running.stream, "data");
  assert.equal((await client.get(`/v2/library/other/blobs/${digest}`)).status, 404);
  const third = await client.open("GET", `/v2/library/third/blobs/${digest}`);
  await once(third.stream, "data");
  recover();
  await fake.stop();
  await fake.start();
  const [first, other] = await Promise.all([buffer(running.stream), buffer(third.stream)]);
  assert.ok(layer.subarray(-first.length).equals(first) && layer.subarray(-other.length).equals(other));
  assert.ok(fake.ledger.bytes({ kind: "blob" }) < 1.5 * layer.length, "two downloaded it");
});

test("a wrong size from another repository's manifest keeps no one from getting a blob", async (t) => {
  const scope = new Scope(t);
  const { fake, client } = await runWithImage(scope);
  const config = { ...fake.store.addBlob("someone/liar", layer), size: 7 };
  fake.store.addManifest("someone/liar", { mediaType: mediaTypes.ociManifest, config, layers: [] }, "latest");
  await client.get("/v2/someone/liar/manifests/latest");
  fake.faults.add({ kind: "blob", method: "GET" }, lateBy(300), { times: 1 });
  const lied = client.get(`/v2/someone/liar/blobs/${digest}`);
  await waitUntil("it is requested", () => fake.ledger.count({ kind: "blob", method: "GET" }) || undefined);
  assert.deepEqual((await client.get(path)).body, layer);
  assert.deepEqual((await lied).body, layer);
});

test("a blob that is declared empty, and is not, is served as its digest says; and so is an empty one", async (t) => {
  const scope = new Scope(t);
  const { fake, client } = await runWithImage(scope);
  const layers = [{ ...fake.store.addBlob(name, layer), size: 0 }, fake.store.addBlob(name, Buffer.alloc(0))];
  fake.store.addManifest(name, { mediaType: mediaTypes.ociManifest, config: layers[1], layers }, "empty");
  await client.get(`/v2/${name}/manifests/empty`);
  assert.deepEqual((await client.get(path)).body, layer);
  const empty = await client.get(`/v2/${name}/blobs/${digestOf(Buffer.alloc(0))}`);
  assert.deepEqual([empty.status, empty.body.length], [200, 0]);
});

test("an upstream that breaks off after each byte is given up", async (t) => {
  const scope = new Scope(t);
  const { fake, client } = await runWithImage(scope);
  fake.faults.add({ kind: "blob" }, cutAt(1));
  await assert.rejects(client.get(path));
  assert.ok(fake.ledger.count({ kind: "blob" }) < 10);
});

test("a part of a blob that is still arriving is complete only when the whole blob is verified", async (t) => {
  const scope = new Scope(t);
  const { fake, client, storage } = await runWithImage(scope);
  const recover = fake.faults.add({ kind: "blob" }, wrongBytes);
  await assert.rejects(client.get(path, { range: "bytes=0-999" }));
  assert.equal(await storage.repository(name).findBlob(digest), undefined);
  recover();
  const part = await client.get(path, { range: "bytes=1000-1999" });
  assert.equal(part.status, 206);
  assert.deepEqual(part.body, layer.subarray(1000, 2000));
});

test("an interrupted transfer resumes only if the blob is still the same there", async (t) => {
  const scope = new Scope(t);
  const { fake, client } = await runWithImage(scope);
  fake.faults.add({ kind: "blob" }, cutAt(100_000), { times: 1 });
  assert.deepEqual((await client.get(path)).body, layer);
  const { headers } = fake.ledger.last({ kind: "blob" });
  assert.match(String(headers.range), /^bytes=\d+-$/);
  assert.notEqual(headers["if-range"], undefined);
});
