import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type Digest, isDigest } from "../../src/oci/digest.js";
import type { BerthProcess } from "../support/berth-process.js";
import { expectStatus } from "../support/content.js";
import { makeBucket, startStore } from "../support/object-stores/object-store.js";
import { type Replicas, startReplicas } from "../support/object-stores/replicas.js";
import { locationOf, type RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { startUpload } from "../support/upload.js";

const MiB = 1024 * 1024;
const name = "team/large";

/** The store needs twice as much on the disk, until the parts are deleted. */
const blobBytes = 12 * 1024 * MiB;
/** To each replica, and as many from it. */
const transfers = 200;
const transferBytes = 8 * MiB;
const requestsOfBlob = 12;
/** 300 MB are asked for; 365 were seen on two busy processors. */
const mostMemory = 400 * 1000 * 1000;

const scope = new Scope({ after });
let replicas: Replicas;
before(async () => {
  const store = await startStore(scope, "minio");
  await makeBucket(store, "images");
  replicas = await startReplicas(scope, store, "images");
});

test("a large blob is pushed in requests to both replicas in turns, and pulled whole from each", async (t) => {
  const digest = await digestOfStream(sparse(0, blobBytes));
  let session = await startUpload(replicas.client, name);
  const each = blobBytes / requestsOfBlob;
  for (let start = 0; start < blobBytes; start += each) {
    const headers = { "content-length": each, "content-range": `${start}-${start + each - 1}` };
    const appended = await replicas.client.request("PATCH", session, { headers, body: sparse(start, start + each) });
    expectStatus(appended, 202, `bytes from ${start} on`);
    session = locationOf(appended);
  }
  expectStatus(await replicas.client.request("PUT", `${session}?digest=${digest}`), 201, "the end of the upload");
  for (const { client } of replicas.members) assert.equal(await pulled(client, digest), digest);
  await reportMemory((line) => t.diagnostic(line));
});

test("many pushes and pulls at once need little memory in each replica", async (t) => {
  const stored = await push(replicas.client, 0);
  const work = replicas.members.flatMap(({ client }, member) =>
    Array.from({ length: transfers }, async (_, index) => {
      const number = 1 + member * transfers + index;
      const [pushed, found] = await Promise.all([push(client, number), pulled(client, stored)]);
      assert.equal(found, stored);
      return pushed;
    }),
  );
  for (const digest of await Promise.all(work))
    expectStatus(await replicas.client.head(`/v2/${name}/blobs/${digest}`), 200, digest);
  for (const peak of await reportMemory((line) => t.diagnostic(line))) assert.ok(peak <= mostMemory, `${peak} bytes`);
});

/** Pushes as docker does: a session, one PATCH, and a PUT. */
async function push(client: RegistryClient, number: number): Promise<Digest> {
  const [start, end] = [number * transferBytes, (number + 1) * transferBytes];
  const digest = await digestOfStream(sparse(start, end));
  const session = await startUpload(client, name);
  const appended = await client.request("PATCH", session, { body: sparse(start, end) });
  expectStatus(appended, 202, "the bytes");
  expectStatus(await client.request("PUT", locationOf(appended, `digest=${digest}`)), 201, "the end of the upload");
  return digest;
}

async function pulled(client: RegistryClient, digest: Digest): Promise<Digest> {
  const answer = await client.open("GET", `/v2/${name}/blobs/${digest}`);
  assert.equal(answer.status, 200);
  return digestOfStream(answer.stream);
}

/** Zeros, but for the number of each MiB: so a piece in the wrong place shows. */
async function* sparse(start: number, end: number): AsyncIterable<Buffer> {
  for (let position = start; position < end; position += MiB) {
    const piece = Buffer.alloc(Math.min(MiB, end - position));
    piece.writeDoubleBE(position);
    yield piece;
  }
}

async function digestOfStream(stream: AsyncIterable<Buffer>): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const piece of stream) hash.update(piece);
  const digest = `sha256:${hash.digest("hex")}`;
  assert.ok(isDigest(digest));
  return digest;
}

/** @returns the most that each replica has needed so far, in bytes */
async function reportMemory(report: (line: string) => void): Promise<readonly number[]> {
  const peaks = await Promise.all(replicas.members.map(peakMemory));
  for (const peak of peaks) report(`at most ${Math.round(peak / 1e6)} MB`);
  return peaks;
}

async function peakMemory({ daemon }: BerthProcess): Promise<number> {
  const status = await readFile(`/proc/${daemon.pid}/status`, "latin1");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}
