import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { expectStatus, pullBlob, seededBytes } from "../support/content.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { storageIn } from "../support/object-stores/replicas.js";
import { locationOf, type RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { offsetOf, resumeUpload, startUpload } from "../support/upload.js";
import { waitUntil } from "../support/wait-until.js";

const name = "team/app";
const firstBytes = 300_000;
const binary = { "content-type": "application/octet-stream" };

const scope = new Scope({ after });
let store: FakeStore;
let survivor: BerthProcess;
before(async () => {
  store = await FakeStore.start(scope);
  survivor = await startReplica(scope);
});

/** The request to the store during which a replica is killed, and the client's request that has caused it. */
const uploadStates = {
  "sends a part": { at: /^PUT .*\/parts\//, during: "PATCH" },
  "records what it has received": { at: /^PUT .*_uploads\/[^/]+\/data/, during: "PATCH" },
  "puts the blob together": { at: /^PUT .*\/blobs\/.*\/data/, during: "PUT" },
  "links the blob": { at: /^PUT .*\/_layers\/.*\/link/, during: "PUT" },
  "deletes the session": { at: /^POST .*[?&]delete/, during: "PUT" },
} as const;

for (const [doing, { at, during }] of Object.entries(uploadStates)) {
  for (const effect of ["takes effect", "is lost"] as const) {
    test(`a replica is killed while it ${doing}, and that ${effect}: the client goes on at another`, async (t) => {
      const dying = await startReplica(new Scope(t));
      const bytes = seededBytes(`${doing} ${effect}`, 1_000_000);
      const digest = digestOf(bytes);
      let session = await startUpload(dying.client, name);
      session = await append(dying.client, session, bytes.subarray(0, firstBytes), 0);
      if (during === "PUT") session = await append(dying.client, session, bytes.subarray(firstBytes), firstBytes);
      await killDuring(dying, at, effect, () =>
        during === "PUT"
          ? finish(dying.client, session, digest)
          : append(dying.client, session, bytes.subarray(firstBytes), firstBytes),
      );
      await goOn(survivor.client, session, { bytes, digest });
      await pullBlob(survivor.client, name, digest);
    });
  }
}

async function startReplica(own: Scope): Promise<BerthProcess> {
  return startBerth(own, { storage: await storageIn(own, store, "images") });
}

/** Kills a replica as soon as its request has reached the store, before it is answered. */
async function killDuring(
  replica: BerthProcess,
  at: RegExp,
  effect: "takes effect" | "is lost",
  act: () => Promise<unknown>,
): Promise<void> {
  const seen = () => store.faults.requests.filter((request) => at.test(request)).length;
  const before = seen();
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  store.faults.add(at, { kind: "held", until });
  const asked = act().catch(() => {});
  await waitUntil("the store has the request", () => seen() > before || undefined);
  await replica.daemon.kill();
  await asked;
  if (effect === "takes effect") release();
}

async function append(client: RegistryClient, session: string, body: Buffer, start: number): Promise<string> {
  const headers = { ...binary, "content-range": `${start}-${start + body.length - 1}` };
  const answer = await client.request("PATCH", session, { body, headers });
  expectStatus(answer, 202, `bytes from ${start} on`);
  return locationOf(answer);
}

async function finish(client: RegistryClient, session: string, digest: Digest): Promise<void> {
  expectStatus(await client.request("PUT", `${session}?digest=${digest}`), 201, "the end of the upload");
}

/** As a client does that has lost its connection: it asks how far the upload is. */
async function goOn(client: RegistryClient, session: string, blob: { bytes: Buffer; digest: Digest }): Promise<void> {
  const offset = await offsetOf(client, session);
  if (offset === undefined) {
    // The upload has ended: then the blob is there.
    expectStatus(await client.head(`/v2/${name}/blobs/${blob.digest}`), 200, "the blob");
    return;
  }
  assert.ok(offset >= firstBytes, `of ${firstBytes} acknowledged bytes, ${offset} were kept`);
  if (offset < blob.bytes.length) await resumeUpload(client, session, { ...blob, offset });
  else await finish(client, session, blob.digest);
}
