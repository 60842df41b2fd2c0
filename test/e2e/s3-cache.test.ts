import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import type { BerthProcess } from "../support/berth-process.js";
import { seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { makeBucket, type ObjectStore, startStore } from "../support/object-stores/object-store.js";
import { startCluster } from "../support/object-stores/replicas.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const MiB = 1024 * 1024;
const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 60 * MiB);
const digest = digestOf(layer);
const path = `/v2/${name}/blobs/${digest}`;
const clients = 50;

const scope = new Scope({ after });
let minio: ObjectStore;
before(async () => {
  minio = await startStore(scope, "minio");
});

async function startCaches(own: Scope, bucket: string) {
  await makeBucket(minio, bucket);
  const upstream = await FakeUpstream.start(own);
  upstream.store.addImage(name, [layer], "latest");
  upstream.throttle.bytesPerSecond = 20 * MiB;
  return { upstream, replicas: await startCluster(own, minio, bucket, { cacheOf: upstream.url }) };
}

function arrived({ ledger }: FakeUpstream, share: number): Promise<true> {
  return waitUntil("this share has arrived", () => ledger.bytes({ kind: "blob" }) >= layer.length * share || undefined);
}

/** A client whose connection breaks asks the next replica, as behind a load balancer. */
async function pullFromAny(replicas: readonly BerthProcess[], first: number): Promise<Buffer> {
  for (let attempt = 0; ; attempt++) {
    const { client } = replicas[(first + attempt) % replicas.length] ?? assert.fail();
    try {
      return (await client.get(path)).body;
    } catch (error) {
      if (attempt > replicas.length) throw error;
    }
  }
}

test("fifty clients of three replicas are one GET upstream, and each byte is fetched once", async (t) => {
  const { upstream, replicas } = await startCaches(new Scope(t), "herd");
  const pulls = Array.from({ length: clients }, (_, index) => pullFromAny(replicas, index));
  for (const body of await Promise.all(pulls)) assert.ok(body.equals(layer));
  assert.equal(upstream.ledger.count({ kind: "blob", method: "GET" }), 1);
  assert.equal(upstream.ledger.bytes({ kind: "blob" }), layer.length);
});

test("if the downloading replica is killed in the middle, the others go on, and their clients notice nothing", async (t) => {
  const { upstream, replicas } = await startCaches(new Scope(t), "killed");
  const [dying, ...others] = replicas;
  assert.ok(dying);
  const broken = dying.client.get(path).catch(() => undefined);
  await arrived(upstream, 0.05);
  const watched = others.map(({ client }) => watchedPull(client));
  const pulls = Array.from({ length: clients - 2 }, (_, index) => others[index % 2]?.client.get(path) ?? assert.fail());
  await arrived(upstream, 0.5);
  // A machine that is busy passes bytes on late: it is killed when the others have what it has.
  upstream.throttle.bytesPerSecond = 100_000;
  for (const pull of watched)
    await waitUntil("the others have it", () => pull.received >= layer.length * 0.45 || undefined, 120_000);
  await dying.daemon.kill();
  upstream.throttle.bytesPerSecond = 20 * MiB;
  assert.equal(await broken, undefined);
  for (const { body } of await Promise.all(pulls)) assert.ok(body.equals(layer));
  for (const pull of watched) assert.equal(await pull.digest, digest);
  assert.equal(upstream.ledger.count({ kind: "blob", method: "GET" }), 2);
  const bytes = upstream.ledger.bytes({ kind: "blob" });
  assert.ok(bytes <= layer.length * 1.2, `${bytes / layer.length} times the bytes`);
});

/** A pull, and how much of it has arrived. */
function watchedPull(client: RegistryClient) {
  const pull = { received: 0, digest: pulled() };
  async function pulled(): Promise<string> {
    const [hash, answer] = [createHash("sha256"), await client.open("GET", path)];
    for await (const piece of answer.stream) {
      hash.update(piece);
      pull.received += piece.length;
    }
    return `sha256:${hash.digest("hex")}`;
  }
  return pull;
}
