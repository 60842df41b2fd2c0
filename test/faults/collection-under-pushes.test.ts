import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Digest } from "../../src/oci/digest.js";
import { blobsIn } from "../support/berth-gc.js";
import { startBerth } from "../support/berth-process.js";
import type { Daemon } from "../support/daemon.js";
import { blobsInBucket, makeBucket, startStore } from "../support/object-stores/object-store.js";
import { startReplicas } from "../support/object-stores/replicas.js";
import { PushingClient } from "../support/pushing-client.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { seededRandom } from "../support/seeded-random.js";
import { waitUntil } from "../support/wait-until.js";

// `npm run faults -- --seconds 600` sets these.
const seconds = Number(process.env.FAULTS_SECONDS ?? "30");
const seed = Number(process.env.FAULTS_SEED ?? "20261126");
const clients = 8;

/** Claims are as short as a slow client can bear; what was promised in between must hold. */
const gc = { every: "1s", grace: "2s", claim: "30s", trash: "0s", share: 1 };

/** The grace follows the claim, which lasts up to an eighth longer, since not every answer renews it. */
const unclaimedAfterMs = 40_000;

/**
 * How many collections may end until what nobody claims any more is gone: one that had begun before, one that notes it,
 * one that removes links that are over, and one more for bytes whose last link a client wrote again and lost meanwhile.
 * Their time says nothing: on a busy machine, one in a bucket takes 40 seconds.
 */
const collectionsUntilGone = 4;
const mostMs = 600_000;

/** Where the clients send their requests, and what shows of the servers behind it. */
interface Pushed {
  readonly client: RegistryClient;
  readonly daemons: readonly Daemon[];
  /** Digests of all stored bytes, sorted. */
  stored(): Promise<Digest[]>;
}

const settings = { maintenance: { gc }, log: { access: false } };

async function onDisk(scope: Scope, workers: number): Promise<Pushed> {
  const { client, daemon, root } = await startBerth(scope, { server: { workers }, ...settings });
  return { client, daemons: [daemon], stored: () => blobsIn(root) };
}

async function onBucket(scope: Scope): Promise<Pushed> {
  const store = await startStore(scope, "minio");
  await makeBucket(store, "pushed");
  const { client, members } = await startReplicas(scope, store, "pushed", settings);
  return { client, daemons: members.map(({ daemon }) => daemon), stored: () => blobsInBucket(store, "pushed", "own") };
}

const places: Readonly<Record<string, (scope: Scope) => Promise<Pushed>>> = {
  "one process": (scope) => onDisk(scope, 1),
  "two workers": (scope) => onDisk(scope, 2),
  "two replicas on MinIO": onBucket,
};

function collectionsOf(daemons: readonly Daemon[]): number {
  return daemons.reduce((sum, { output }) => sum + output.split("garbage collected").length - 1, 0);
}

for (const [place, start] of Object.entries(places)) {
  test(`${clients} clients push, skip uploads, mount, pull and delete against continuous collection (${place})`, async (t) => {
    const { client, daemons, stored } = await start(new Scope(t));
    t.diagnostic(`seed ${seed}, ${seconds} s`);
    const all = Array.from(
      { length: clients },
      (_, index) => new PushingClient(client, `client-${index}`, seededRandom(seed + index)),
    );
    const over = AbortSignal.timeout(seconds * 1_000);
    await Promise.all(all.map((each) => each.work(over)));
    for (const each of all) await each.pullAll();
    const collections = collectionsOf(daemons);
    t.diagnostic(`${collections} collections; ${all.map(({ told }) => told).join("; ")}`);
    // In a bucket, one that has much to remove takes some 20 seconds on a busy machine.
    assert.ok(collections > seconds / 60, `only ${collections} collections in ${seconds} s`);
    const needed = [...new Set(all.flatMap((each) => each.needed))].sort();
    const isGone = async () => (await stored()).length <= needed.length || undefined;
    await waitUntil("what is unneeded is gone", isGone, unclaimedAfterMs).catch(() => {});
    const enough = collectionsOf(daemons) + collectionsUntilGone;
    const isDue = async () => (await isGone()) ?? (collectionsOf(daemons) >= enough || undefined);
    await waitUntil("what is unneeded is gone, or should be", isDue, mostMs);
    assert.deepEqual(await stored(), needed);
    for (const each of all) await each.pullAll();
    for (const { output } of daemons) assert.deepEqual(output.match(/^.* (?:warn|error) .*$/gm), null);
  });
}
