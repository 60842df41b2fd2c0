import { strict as assert } from "node:assert";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pullManifest, pullWhole, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { type PeerName, peers } from "../support/peer-registry.js";
import { errorCodeOf, type RegistryClient } from "../support/registry-client.js";
import { printed, Takeover } from "../support/registry2-takeover.js";
import { Scope } from "../support/scope.js";
import { pushSmallImage } from "../support/small-image.js";
import { waitUntil } from "../support/wait-until.js";

const file = ["version: 0.1", "storage: { filesystem: {} }", "http: { addr: ADDRESS }"];

/** As for a registry:2, including the variable that people often write. */
const environmentOf = (root: string, upstream?: string) => ({
  REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: root,
  REGISTRY_DELETE_ENABLED: "true",
  REGISTRY_STORAGE_DELETE_ENABLED: "true",
  ...(upstream !== undefined && { REGISTRY_PROXY_REMOTEURL: upstream }),
});

for (const peer of Object.keys(peers) as PeerName[]) {
  test(`the cache folder of ${peer} is taken over by Berth, and given back`, async (t) => {
    const scope = new Scope(t);
    const root = await scope.folder("cache");
    const upstream = await FakeUpstream.start(scope);
    for (const name of ["library/tool", "old/tool", "team/app", "new/tool"]) {
      upstream.store.addImage(name, [seededBytes(name, 30_000)], "v1");
    }
    const pushing = await Takeover.prepare(scope, file, environmentOf(root));
    const pushed = await pushing.peer(peer);
    await pushSmallImage(pushing.client, "mine/app", "mine", { tag: "v1" });
    await pushSmallImage(pushing.client, "team/app", "pushed before the name was cached", { tag: "mine" });
    await pushed.stop();

    const takeover = await Takeover.prepare(scope, file, environmentOf(root, upstream.url));
    const { client } = takeover;
    const before = await takeover.peer(peer);
    for (const name of ["library/tool", "old/tool", "team/app"]) await pullWhole(client, name, "v1");
    await scheduled(root, ["library/tool", "old/tool", "team/app"]);
    await before.stop();
    // After a week without permission to delete: the content stays, but its scheduler has forgotten it.
    await forget(root, "old/tool");

    await upstream.stop();
    const berth = await takeover.berth();
    await t.test("what its scheduler lists is served at once, although the upstream is down", async () => {
      await printed(berth, /the cache of registry:2 was taken over .*repositories=1/);
      await pullWhole(client, "library/tool", "v1");
    });
    await t.test("nothing else is assigned to the upstream as long as it cannot be asked", async () => {
      for (const name of ["old/tool", "mine/app"]) assert.equal(await statusOf(client, name, "v1"), 503, name);
    });
    await upstream.start();
    await t.test("what the upstream also has is taken over without downloading it again", async () => {
      upstream.ledger.clear();
      await pullWhole(client, "old/tool", "v1");
      assert.equal(upstream.ledger.count({ kind: "blob" }), 0);
      await printed(berth, /a repository from the cache of registry:2 was taken over repository=old\/tool/);
    });
    await t.test("pushed content is not served as the upstream's, nor is the rest of its repository", async () => {
      for (const [name, tag] of [
        ["mine/app", "v1"],
        ["team/app", "mine"],
        ["team/app", "v1"],
      ] as const) {
        const answer = await client.get(`/v2/${name}/manifests/${tag}`);
        assert.deepEqual([answer.status, errorCodeOf(answer)], [403, "DENIED"], `${name}:${tag}`);
        assert.match(answer.body.toString(), /exists at 127\.0\.0\.1:\d+: it was pushed here, or deleted there/);
      }
    });
    await t.test("a push gets 405, and a helpful sentence", async () => {
      const answer = await client.request("POST", "/v2/my_custom_image/blobs/uploads/");
      assert.equal(answer.status, 405);
      assert.match(answer.body.toString(), /this registry only caches others/);
    });
    await pullWhole(client, "new/tool", "v1");
    await berth.stop();

    await t.test(`${peer} serves what Berth downloaded without downloading it again`, async () => {
      const again = await takeover.peer(peer);
      upstream.ledger.clear();
      for (const name of ["library/tool", "old/tool", "new/tool"]) await pullWhole(client, name, "v1");
      assert.equal(upstream.ledger.count({ kind: "blob" }), 0);
      await again.stop();
    });

    await t.test("and Berth serves again what it took over, with the upstream down", async () => {
      await upstream.stop();
      await takeover.berth();
      for (const name of ["library/tool", "old/tool", "new/tool"]) await pullManifest(client, name, "v1");
    });
  });
}

/** Waits until the scheduler's file lists these repositories, including manifests; it is written every five seconds. */
async function scheduled(root: string, names: readonly string[]): Promise<void> {
  await waitUntil("the scheduler's state is saved", async () => {
    const text = await readFile(join(root, "scheduler-state.json"), "utf8").catch(() => "{}");
    const entries: { Key: string; EntryType: number }[] = Object.values(JSON.parse(text === "" ? "{}" : text));
    const isNamed = (name: string, type: number) =>
      entries.some(({ Key, EntryType }) => Key.startsWith(`${name}@`) && EntryType === type);
    return names.every((name) => isNamed(name, 0) && isNamed(name, 1)) ? true : undefined;
  });
}

async function forget(root: string, name: string): Promise<void> {
  const path = join(root, "scheduler-state.json");
  const entries = Object.entries(JSON.parse(await readFile(path, "utf8")));
  await writeFile(path, JSON.stringify(Object.fromEntries(entries.filter(([key]) => !key.startsWith(`${name}@`)))));
}

async function statusOf(client: RegistryClient, name: string, tag: string): Promise<number> {
  return (await client.get(`/v2/${name}/manifests/${tag}`)).status;
}
