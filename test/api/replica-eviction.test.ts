import { strict as assert } from "node:assert";
import { test } from "node:test";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import { pullWhole, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { startCachedReplica } from "../support/object-stores/cached-replicas.js";
import { FakeStore } from "../support/object-stores/fake-store.js";
import { Scope } from "../support/scope.js";
import { waitUntil } from "../support/wait-until.js";

const names = ["library/first", "library/second"].map(parseRepositoryName);
const layerBytes = 50_000;
/** Without a limit, nothing is evicted. */
const maxSize = 1_000_000_000;

test("while a replica evicts, another one waits for it, and both together delete no more than was asked for", async (t) => {
  const scope = new Scope(t);
  const [fake, store] = [await FakeUpstream.start(scope), await FakeStore.start(scope)];
  const one = await startCachedReplica(scope, store, fake.url, { maxSize });
  const other = await startCachedReplica(scope, store, fake.url, { maxSize });
  for (const name of names) {
    fake.store.addImage(name, [seededBytes(name, layerBytes)], "latest");
    await pullWhole(one.client, name, "latest");
  }

  let resume = () => {};
  const until = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const deletion = /^DELETE .*repositories\//;
  store.faults.add(deletion, { kind: "held", until });
  const deletions = () => store.faults.requests.filter((request) => deletion.test(request)).length;
  const first = one.eviction.makeRoom(1);
  await waitUntil("a replica evicts", () => deletions() > 0 || undefined);
  const lookedAt = () => store.faults.requests.filter((request) => /^HEAD .*\.berth\/locks\//.test(request)).length;
  const before = lookedAt();
  const second = other.eviction.makeRoom(1);
  await waitUntil("the other looks whether the lease is free", () => lookedAt() > before + 1 || undefined);
  assert.equal(deletions(), 1);
  resume();

  for (const freed of await Promise.all([first, second])) assert.ok(freed > layerBytes && freed < 2 * layerBytes);
  assert.ok(!store.keys().some((key) => /\/locks\//.test(key)), "a lease is left");
  assert.ok(!store.keys().some((key) => /repositories\/library\/.*_layers\/.*\/link$/.test(key)), "a layer is left");
  await pullWhole(other.client, names[0] ?? assert.fail(), "latest");
});
