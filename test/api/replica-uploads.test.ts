import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { expectStatus, pullBlob, seededBytes } from "../support/content.js";
import { runBerthOnBucket } from "../support/object-stores/bucket-berth.js";
import { joinCluster } from "../support/object-stores/cached-replicas.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { locationOf, type RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const name = "team/app";
const bytes = seededBytes("layer", 3_000_000);
const digest = digestOf(bytes);

async function startTwo(t: TestContext) {
  const scope = new Scope(t);
  const store = await FakeStore.start(scope);
  const clusters = [await joinCluster(scope), await joinCluster(scope)] as const;
  const [one, other] = [
    await runBerthOnBucket(scope, store, { joined: clusters[0] }),
    await runBerthOnBucket(scope, store, { joined: clusters[1] }),
  ];
  return { store, clusters, one: one.client, other: other.client };
}

async function append(client: RegistryClient, session: string, start: number, end: number): Promise<string> {
  const headers = { "content-type": "application/octet-stream", "content-range": `${start}-${end - 1}` };
  const answer = await client.request("PATCH", session, { body: bytes.subarray(start, end), headers });
  expectStatus(answer, 202, `bytes from ${start} on`);
  return locationOf(answer);
}

async function finish(client: RegistryClient, session: string, wanted: string = digest): Promise<number> {
  return (await client.request("PUT", `${session}?digest=${wanted}`)).status;
}

const recordWrite = /^PUT \/images\/.*\.berth\/staging\//;

/** The first one of a session begins it. */
function recordWrites(store: FakeStore): number {
  return store.faults.requests.filter((each) => recordWrite.test(each)).length;
}

/** How often the store was asked for bytes that had been uploaded. */
function readsOf(store: FakeStore): number {
  return store.faults.requests.filter((each) => /^GET \/images\/.*parts\//.test(each)).length;
}

test("the replica that ends an upload asks the one that has hashed it, and reads nothing again", async (t) => {
  const { store, one, other } = await startTwo(t);
  const session = await append(one, await startUpload(other, name), 0, bytes.length);
  assert.equal(await finish(other, session), 201);
  assert.equal(readsOf(store), 0);
  await pullBlob(other, name, digest);
});

test("a wrong digest is refused by whichever replica ends the upload", async (t) => {
  const { one, other } = await startTwo(t);
  const session = await append(one, await startUpload(other, name), 0, bytes.length);
  assert.equal(await finish(other, session, digestOf(Buffer.from("other"))), 400);
  assert.equal((await one.head(`/v2/${name}/blobs/${digest}`)).status, 404);
});

test("if the replica that has hashed an upload is gone, the bytes are read once", async (t) => {
  const { store, clusters, one, other } = await startTwo(t);
  const session = await append(one, await startUpload(other, name), 0, bytes.length);
  clusters[0].close();
  assert.equal(await finish(other, session), 201);
  assert.ok(readsOf(store) > 0);
  await pullBlob(other, name, digest);
});

test("if no replica has hashed all of an upload, the bytes are read once", async (t) => {
  const { store, one, other } = await startTwo(t);
  const middle = 1_500_000;
  const half = await append(one, await startUpload(one, name), 0, middle);
  const session = await append(other, half, middle, bytes.length);
  assert.equal(await finish(one, session), 201);
  assert.ok(readsOf(store) > 0);
  await pullBlob(one, name, digest);
});

test("a hash of other bytes than those that are stored is not handed over", async (t) => {
  const { clusters, one } = await startTwo(t);
  const session = await append(one, await startUpload(one, name), 0, bytes.length);
  const upload = /uploads\/([0-9a-f-]{36})/.exec(session)?.[1] ?? assert.fail();
  const asked = { upload, algorithm: "sha256", size: bytes.length, modifiedMs: 0 } as const;
  assert.equal(await clusters[1].askHash(clusters[0].self, asked), undefined);
  assert.equal(clusters[0].offers.findHash({ ...asked, size: 1 }), undefined);
});

test("the replica that was refused in a race ends the upload with the bytes of the other", async (t) => {
  const { store, one, other } = await startTwo(t);
  const session = await startUpload(one, name);
  const append = { headers: { "content-type": "application/octet-stream", "content-range": "0-99999" } };
  const [kept, refused] = [bytes.subarray(0, 100_000), bytes.subarray(100_000, 200_000)];

  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.faults.add(recordWrite, { kind: "held", until });
  const late = other.request("PATCH", session, { ...append, body: refused });
  await waitUntil("the late replica writes its record", () => recordWrites(store) === 2 || undefined);
  expectStatus(await one.request("PATCH", session, { ...append, body: kept }), 202, "the bytes that are kept");
  release();
  expectStatus(await late, 416, "the bytes that came too late");

  assert.equal(await finish(other, session, digestOf(kept)), 201);
  await pullBlob(one, name, digestOf(kept));
});
