import { strict as assert } from "node:assert";
import { test } from "node:test";
import { blobsIn } from "../support/berth-gc.js";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { PushingClient } from "../support/pushing-client.js";
import { Scope } from "../support/scope.js";
import { seededRandom } from "../support/seeded-random.js";
import { waitUntil } from "../support/wait-until.js";

// `npm run faults -- --seconds 600` sets these.
const seconds = Number(process.env.FAULTS_SECONDS ?? "45");
const seed = Number(process.env.FAULTS_SEED ?? "20261126");
const clients = 8;

/** Claims are as short as a slow client can bear; what was promised in between must hold. */
const gc = { every: "1s", grace: "2s", claim: "30s", trash: "0s", share: 1 };

for (const workers of [1, 2]) {
  test(`${clients} clients push, skip uploads, mount, pull and delete against continuous collection (${workers} workers)`, async (t) => {
    const berth = await startBerth(new Scope(t), { server: { workers }, maintenance: { gc }, log: { access: false } });
    t.diagnostic(`seed ${seed}, ${seconds} s`);
    const all = Array.from(
      { length: clients },
      (_, index) => new PushingClient(berth.client, `client-${index}`, seededRandom(seed + index)),
    );
    const over = AbortSignal.timeout(seconds * 1_000);
    await Promise.all(all.map((client) => client.work(over)));
    for (const client of all) await client.pullAll();
    const collections = collectionsOf(berth);
    t.diagnostic(`${collections} collections; ${all.map(({ told }) => told).join("; ")}`);
    assert.ok(collections > seconds / 4, `only ${collections} collections in ${seconds} s`);
    const needed = [...new Set(all.flatMap((client) => client.needed))].sort();
    const isSettled = async () => (await blobsIn(berth.root)).length <= needed.length || undefined;
    await waitUntil("what is unneeded is gone", isSettled, 90_000).catch(() => {});
    assert.deepEqual(await blobsIn(berth.root), needed);
    for (const client of all) await client.pullAll();
    assert.doesNotMatch(berth.daemon.output, / (warn|error) /);
  });
}

function collectionsOf({ daemon }: BerthProcess): number {
  return daemon.output.split("garbage collected").length - 1;
}
