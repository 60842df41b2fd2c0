import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import type { BerthProcess } from "../support/berth-process.js";
import { seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { startCluster } from "../support/object-stores/replicas.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const name = parseRepositoryName("library/alpine");
const layer = seededBytes("layer", 12_000_000);
const digest = digestOf(layer);
const path = `/v2/${name}/blobs/${digest}`;

interface Fill {
  readonly upstream: FakeUpstream;
  readonly store: FakeStore;
  readonly dying: BerthProcess;
  readonly other: BerthProcess;
}

interface KilledState {
  /** Lets the first replica come so far, and no further. */
  reach(fill: Fill, wake: Promise<void>): Promise<void>;
  /** GETs that the upstream sees in all. */
  readonly asked: number;
  /** Whether the other one has read all bytes before. */
  readonly isRead?: boolean;
}

const bytesAt = (upstream: FakeUpstream, bytes: number) =>
  waitUntil("it has arrived", () => upstream.ledger.bytes({ kind: "blob" }) >= bytes || undefined);
const asked = (store: FakeStore, what: RegExp) =>
  waitUntil(`${what} was asked`, () => store.faults.requests.some((each) => what.test(each)) || undefined);

/** How far a replica may be with a blob when it is killed. */
const states: Readonly<Record<string, KilledState>> = {
  "when it has the lease, and has asked nobody": {
    reach: async ({ upstream, store, dying }) => {
      upstream.throttle.bytesPerSecond = 1;
      void dying.client.get(path).catch(() => {});
      await asked(store, /^PUT .*\/locks\//);
    },
    asked: 2,
  },
  "in the middle": {
    reach: async ({ upstream, dying }) => {
      upstream.throttle.bytesPerSecond = 6_000_000;
      void dying.client.get(path).catch(() => {});
      await bytesAt(upstream, layer.length / 3);
    },
    asked: 2,
  },
  "when it has all bytes, and stores them": {
    reach: async ({ upstream, store, dying }, wake) => {
      store.faults.add(new RegExp(`^P(UT|OST) .*${digest.slice(7)}/data`), { kind: "held", until: wake }, 1);
      void dying.client.get(path).catch(() => {});
      await bytesAt(upstream, layer.length);
      await asked(store, new RegExp(`^P(UT|OST) .*${digest.slice(7)}/data`));
    },
    asked: 1,
    isRead: true,
  },
  "when the bytes are stored, and no repository has a link": {
    reach: async ({ store, dying }, wake) => {
      store.faults.add(/^PUT .*_layers/, { kind: "held", until: wake }, 1);
      void dying.client.get(path).catch(() => {});
      await asked(store, /^PUT .*_layers/);
    },
    asked: 1,
  },
};

for (const [when, { reach, asked: gets, isRead }] of Object.entries(states)) {
  test(`a replica is killed while it downloads, ${when}: the clients of the other one get the blob`, async (t) => {
    const scope = new Scope(t);
    const upstream = await FakeUpstream.start(scope);
    upstream.store.addImage(name, [layer], "latest");
    const store = await FakeStore.start(scope);
    const replicas = await startCluster(scope, store, "images", { count: 2, cacheOf: upstream.url });
    const [dying, other] = replicas;
    assert.ok(dying && other);
    let wake = () => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await reach({ upstream, store, dying, other }, woken);
    const pulls = Array.from({ length: 5 }, () => other.client.get(path));
    // Until it reads from the first one, it does not know that one.
    await waitUntil(
      "the other asks the upstream whether it has it",
      () => upstream.ledger.count({ kind: "blob", method: "HEAD" }) > 0 || undefined,
    );
    if (isRead) await Promise.all(pulls);
    await dying.daemon.kill();
    wake();
    upstream.throttle.bytesPerSecond = Number.POSITIVE_INFINITY;
    for (const { status, body } of await Promise.all(pulls))
      assert.deepEqual([status, body.equals(layer)], [200, true]);
    assert.ok(upstream.ledger.count({ kind: "blob", method: "GET" }) <= gets);
    assert.ok((await other.client.get(path)).body.equals(layer));
    // Clients get the last byte before the bucket has it.
    const isStored = async () => (await other.client.head(path)).headers["x-cache"] === "hit" || undefined;
    await waitUntil("the blob is stored", isStored);
  });
}
