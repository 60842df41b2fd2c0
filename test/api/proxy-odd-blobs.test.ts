import { strict as assert } from "node:assert";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { digestOf } from "../../src/oci/digest.js";
import { mediaTypes } from "../../src/oci/media-types.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { seededBytes } from "../support/content.js";
import { contentOf, partOf } from "../support/fake-upstream/content.js";
import {
  announcing,
  answer,
  cutAt,
  endless,
  type Fault,
  gzipped,
  hangUp,
  header,
  tooShort,
} from "../support/fake-upstream/faults.js";
import { emptyReply, errorReply } from "../support/fake-upstream/reply.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";

const name = parseRepositoryName("library/alpine");
const layer = gzipSync(seededBytes("layer", 300_000));
const digest = digestOf(layer);
const path = `/v2/library/alpine/blobs/${digest}`;

/** Sends parts of this size, even if the whole was requested. */
function partsOf(bytes: number): Fault {
  return (reply) => {
    const start = Number(/^bytes (\d+)-/.exec(reply.headers["content-range"] ?? "")?.[1] ?? 0);
    const body = partOf(reply.body, 0, Math.min(bytes, reply.body.size));
    const range = `bytes ${start}-${start + body.size - 1}/${start + reply.body.size}`;
    return { ...reply, status: 206, headers: { ...reply.headers, "content-range": range }, body };
  };
}

async function runWithImage(scope: Scope, size: unknown = layer.length, options: Parameters<typeof runProxy>[2] = {}) {
  const fake = await FakeUpstream.start(scope);
  const described = { ...fake.store.addBlob(name, layer), size };
  fake.store.addManifest(name, { mediaType: mediaTypes.ociManifest, layers: [described] }, "latest");
  const proxy = await runProxy(scope, fake.url, options);
  await proxy.client.get("/v2/library/alpine/manifests/latest");
  return { fake, ...proxy };
}

for (const size of [0, 7, layer.length * 2, -1, undefined]) {
  test(`a layer with ${size} bytes according to its manifest is served as it is`, async (t) => {
    const { fake, client } = await runWithImage(new Scope(t), size);
    fake.faults.add({ kind: "blob", method: "GET" }, cutAt(100_000), { times: 1 });
    const taken = await client.get(path, { range: "bytes=0-" });
    assert.deepEqual(taken.body, layer);
    assert.deepEqual((await client.get(path, { range: "bytes=5-9" })).body, layer.subarray(5, 10));
  });
}

for (const size of [0, 7, layer.length * 2, -1, undefined]) {
  test(`HEAD of a cold layer returns its real size, whatever the upstream's HEAD and a manifest with ${size} bytes say`, async (t) => {
    const { fake, client } = await runWithImage(new Scope(t), size);
    assert.equal((await client.head(path)).headers["content-length"], String(layer.length));
    fake.faults.add({ kind: "blob", method: "HEAD" }, announcing(0));
    assert.equal((await client.head(path)).headers["content-length"], String(layer.length));
  });
}

test("HEAD of a cold layer returns no size if the upstream does not, whatever the manifest says", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t), 7);
  fake.faults.add({ kind: "blob" }, tooShort(0));
  const { status, headers } = await client.head(path);
  assert.deepEqual([status, headers["content-length"]], [200, undefined]);
});

test("an upstream that never sends more than a part is asked for one part after another", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t));
  fake.faults.add({ kind: "blob", method: "GET" }, cutAt(100_000), { times: 1 });
  fake.faults.add({ kind: "blob", method: "GET" }, partsOf(80_000), { after: 1 });
  assert.deepEqual((await client.get(path)).body, layer);
});

test("a layer without a length is sent chunked and whole, whatever the range, and by range once it is stored", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t));
  fake.faults.add({ kind: "blob", method: "GET" }, tooShort(0));
  const cold = await client.get(path, { range: "bytes=0-1" });
  assert.deepEqual(
    [cold.status, cold.headers["content-length"], cold.headers["accept-ranges"]],
    [200, undefined, "none"],
  );
  assert.deepEqual(cold.body, layer);
  assert.deepEqual((await client.get(path, { range: "bytes=0-1" })).body, layer.subarray(0, 2));
});

test("a layer without a length, whose last chunk is followed by nothing, is whole without being asked for again", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t), layer.length, { upstreamLimits: { idleTimeout: 300 } });
  fake.faults.add({ kind: "blob", method: "GET" }, tooShort(0));
  fake.faults.add({ kind: "blob", method: "GET" }, (reply) => ({ ...reply, ending: "stall" }));
  assert.deepEqual((await client.get(path)).body, layer);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
});

for (const encoding of ["gzip", "x-gzip", "aws-chunked", "br", "utf-8"]) {
  for (const size of [layer.length, 7]) {
    test(`an intact layer labelled ${encoding} is served as it is, with ${size} bytes according to its manifest`, async (t) => {
      const { fake, client } = await runWithImage(new Scope(t), size);
      fake.faults.add({ kind: "blob" }, header("content-encoding", encoding));
      assert.deepEqual((await client.get(path)).body, layer);
    });
  }
}

test("a layer that is compressed in transit is verified in its decoded form, and the next one is sent in that at once", async (t) => {
  const { fake, client, storage } = await runWithImage(new Scope(t));
  const second = seededBytes("second", 200_000);
  fake.store.addBlob(name, second);
  fake.faults.add({ kind: "blob" }, gzipped);
  assert.deepEqual((await client.get(path)).body, layer);
  assert.deepEqual((await client.get(`/v2/${name}/blobs/${digestOf(second)}`)).body, second);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 2);
  assert.deepEqual(await storage.downloads.list(), []);
});

test("of a compressed body that is right in neither form no client gets a byte, and the right one is accepted afterwards", async (t) => {
  const { fake, client, storage } = await runWithImage(new Scope(t));
  const recover = fake.faults.add({ kind: "blob" }, (reply, request) =>
    gzipped({ ...reply, body: contentOf("something else") }, request),
  );
  await assert.rejects(client.get(path));
  assert.deepEqual(await storage.downloads.list(), []);
  recover();
  assert.deepEqual((await client.get(path)).body, layer);
});

const refusals: Record<string, Fault> = {
  ...Object.fromEntries([400, 403, 404, 412, 416, 500, 501].map((status) => [status, answer(emptyReply(status))])),
  "no answer": hangUp,
  "a 206 without Content-Range": header("content-range", ""),
};

for (const [what, fault] of Object.entries(refusals)) {
  test(`an interrupted download that gets ${what} for its rest is served whole: now, and after a restart`, async (t) => {
    const scope = new Scope(t);
    const { fake, client, stop, root } = await runWithImage(scope);
    const onlyRanges: Fault = (reply, request) => (request.headers.range ? fault(reply, request) : reply);
    fake.faults.add({ kind: "blob", method: "GET" }, cutAt(100_000), { times: 1 });
    fake.faults.add({ kind: "blob", method: "GET" }, onlyRanges);
    assert.deepEqual((await client.get(path)).body, layer);
    await stop();
    const second = await runProxy(scope, fake.url, { root: await scope.folder("second") });
    await second.storage.downloads.staged(digest).append(0, onlyPiece(layer.subarray(0, 100_000)));
    assert.deepEqual((await second.client.get(path)).body, layer);
    assert.ok(root);
  });
}

test("wrong bytes that an earlier process left delay the blob by one pull at most", async (t) => {
  const { client, storage } = await runWithImage(new Scope(t));
  await storage.downloads.staged(digest).append(0, onlyPiece(Buffer.alloc(1000, "wrong")));
  await assert.rejects(client.get(path));
  assert.deepEqual((await client.get(path)).body, layer);
});

test("bytes that an earlier process left are deleted at once if they are longer than the blob", async (t) => {
  const { client, storage } = await runWithImage(new Scope(t));
  await storage.downloads.staged(digest).append(0, onlyPiece(Buffer.alloc(layer.length + 1, "wrong")));
  assert.deepEqual((await client.get(path)).body, layer);
});

test("a client that has read wrong bytes of another process is cut off when the download begins anew", async (t) => {
  const { client, storage } = await runWithImage(new Scope(t));
  await storage.downloads.staged(digest).append(0, onlyPiece(Buffer.alloc(layer.length + 1, "wrong")));
  let end = () => {};
  const otherProcess = storage.downloads.lock(digest, () => new Promise<void>((resolve) => (end = resolve)));
  const { stream } = await client.open("GET", path);
  await once(stream, "readable");
  end();
  await otherProcess;
  await assert.rejects(buffer(stream));
  assert.deepEqual((await client.get(path)).body, layer);
});

test("a blob that only a private repository holds does not become public because an upstream claims to have it", async (t) => {
  const { fake, client, storage } = await runWithImage(new Scope(t));
  const secret = seededBytes("secret", 100_000);
  const owner = parseRepositoryName("team/private");
  const staged = storage.uploads.scratch();
  await staged.append(0, onlyPiece(secret));
  await storage.repository(owner).addBlob(digestOf(secret), staged);
  fake.faults.add(
    { kind: "blob", method: "HEAD" },
    answer({ status: 200, headers: {}, body: contentOf("x".repeat(100_000)) }),
  );
  assert.equal((await client.get(`/v2/${name}/blobs/${digestOf(secret)}`)).status, 404);
  fake.store.addBlob(name, secret);
  assert.deepEqual((await client.get(`/v2/${name}/blobs/${digestOf(secret)}`)).body, secret);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 2);
});

test("a missing blob that many clients request at once is requested once", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t), layer.length, { notFoundTtl: 30_000 });
  fake.ledger.clear();
  const absent = `/v2/${name}/blobs/${digestOf(Buffer.from("absent"))}`;
  const answers = await Promise.all(Array.from({ length: 50 }, () => client.head(absent)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [404]);
  assert.equal((await client.get(absent)).status, 404);
  assert.equal(fake.ledger.count({ kind: "blob", method: "HEAD" }), 1);
  assert.equal(fake.ledger.count({ kind: "blob", method: "GET" }), 1);
});

test("a limit of the upstream is reported, and no other request follows", async (t) => {
  const { fake, client } = await runWithImage(new Scope(t));
  fake.faults.add({ kind: "blob" }, answer(errorReply(429, "TOOMANYREQUESTS")));
  assert.equal((await client.head(`/v2/${name}/blobs/${digestOf(Buffer.from("x"))}`)).status, 429);
  assert.equal(fake.ledger.count({ kind: "blob" }), 1);
});

test("a blob larger than the cache is passed on and evicts nothing, and an endless one ends with its client", async (t) => {
  const { fake, client, storage, log } = await runWithImage(new Scope(t), layer.length, {
    maxSize: layer.length + 50_000,
  });
  assert.deepEqual((await client.get(path)).body, layer);
  const larger = seededBytes("larger", layer.length + 100_000);
  fake.store.addBlob(name, larger);
  assert.deepEqual((await client.get(`/v2/${name}/blobs/${digestOf(larger)}`)).body, larger);
  const lie = digestOf(Buffer.from("lie"));
  fake.store.addBlob(name, Buffer.from("lie"));
  fake.faults.add({ kind: "blob", reference: lie }, endless);
  const { stream } = await client.open("GET", `/v2/${name}/blobs/${lie}`);
  let received = 0;
  for await (const chunk of stream) {
    received += chunk.length;
    if (received > 4 * layer.length) break;
  }
  assert.deepEqual(log.named("image evicted"), []);
  assert.notEqual(await storage.repository(name).findBlob(digest), undefined);
  assert.equal(await storage.repository(name).findBlob(digestOf(larger)), undefined);
});

async function* onlyPiece(bytes: Buffer): AsyncIterable<Buffer> {
  yield bytes;
}
