import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { expectStatus, pullBlob, pullManifest, seededBytes } from "../support/content.js";
import { makeBucket, type ObjectStore, startStore } from "../support/object-stores/object-store.js";
import { startReplicas } from "../support/object-stores/replicas.js";
import { locationOf, type RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { offsetOf, resumeUpload, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const MiB = 1024 * 1024;
const binary = { "content-type": "application/octet-stream" };

const scope = new Scope({ after });
let minio: ObjectStore;
before(async () => {
  minio = await startStore(scope, "minio");
});

async function replicasOn(own: Scope, bucket: string) {
  await makeBucket(minio, bucket);
  return startReplicas(own, minio, bucket);
}

test("a session of a hundred small requests goes on at whichever replica gets them", async (t) => {
  const { client } = await replicasOn(new Scope(t), "small");
  const bytes = seededBytes("small", 100 * 70_000);
  let session = await startUpload(client, "team/app");
  for (let start = 0; start < bytes.length; start += 70_000) session = await append(client, session, bytes, start);
  const digest = digestOf(bytes);
  expectStatus(await client.request("PUT", withDigest(session, digest)), 201, "the end of the upload");
  await pullBlob(client, "team/app", digest);
});

test("of two requests that append at once to one session, one wins and the other learns where to go on", async (t) => {
  const { members } = await replicasOn(new Scope(t), "racing");
  const [one, other] = members.map(({ client }) => client);
  assert.ok(one && other);
  const session = await startUpload(one, "team/app");
  // So few that nobody waits: a request that waits for longer takes the session over, as a client that reconnects.
  const length = 100_000;
  const [left, right] = [seededBytes("left", length), seededBytes("right", length)];

  const range = { ...binary, "content-range": `0-${length - 1}` };
  const answers = await Promise.all([
    one.request("PATCH", session, { body: left, headers: range }),
    other.request("PATCH", session, { body: right, headers: range }),
  ]);
  const statuses = answers.map(({ status }) => status);
  const kept = statuses[0] === 202 ? left : right;
  assert.deepEqual(statuses.toSorted(), [202, 416]);
  assert.equal(await offsetOf(one, session), length);
  const digest = digestOf(kept);
  expectStatus(await other.request("PUT", `${session}?digest=${digest}`), 201, "the end of the upload");
  await pullBlob(one, "team/app", digest);
});

test("a replica that is killed in the middle of a request costs the client one resumption at the other", async (t) => {
  const { members } = await replicasOn(new Scope(t), "killed");
  const [dying, other] = members;
  assert.ok(dying && other);
  const bytes = seededBytes("killed", 100 * MiB);
  const session = await startUpload(dying.client, "team/app");
  const first = await append(dying.client, session, bytes.subarray(0, 10 * MiB), 0, 10 * MiB);
  const running = dying.client.start("PATCH", first, { ...binary, "content-length": bytes.length - 10 * MiB });
  for (let start = 10 * MiB; start < 90 * MiB; start += MiB) await running.send(bytes.subarray(start, start + MiB));
  await dying.daemon.kill();
  const offset = await waitUntil("the other replica knows the session", () => offsetOf(other.client, session));
  assert.ok(offset >= 10 * MiB, `only ${offset} bytes were kept`);
  const digest = digestOf(bytes);
  await resumeUpload(other.client, session, { bytes, digest, offset });
  await pullBlob(other.client, "team/app", digest);
});

test("a tag that one replica moves or deletes is seen by the other at once", async (t) => {
  const { members } = await replicasOn(new Scope(t), "tags");
  const [one, other] = members.map(({ client }) => client);
  assert.ok(one && other);
  for (const text of ["first", "second", "third"]) {
    const { descriptor } = await pushSmallImage(one, "team/app", text, { tag: "latest" });
    assert.equal((await pullManifest(other, "team/app", "latest")).digest, descriptor.digest);
  }
  expectStatus(await one.request("DELETE", "/v2/team/app/manifests/latest"), 202, "the deletion");
  expectStatus(await other.get("/v2/team/app/manifests/latest"), 404, "the deleted tag");
});

async function append(client: RegistryClient, session: string, bytes: Buffer, start: number, length = 70_000) {
  const body = bytes.subarray(start, start + length);
  const headers = { ...binary, "content-range": `${start}-${start + body.length - 1}` };
  const answer = await client.request("PATCH", session, { body, headers });
  expectStatus(answer, 202, `bytes from ${start} on`);
  return locationOf(answer);
}

function withDigest(session: string, digest: string): string {
  return `${session}${session.includes("?") ? "&" : "?"}digest=${digest}`;
}
