import { strict as assert } from "node:assert";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { parseRepositoryName } from "../../src/oci/repository-name.js";
import type { Storage } from "../../src/storage/storage.js";
import { pullBlob, pullWhole, pushBlob, seededBytes } from "../support/content.js";
import { Daemon } from "../support/daemon.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { projectRoot } from "../support/project.js";
import { runBerth } from "../support/running-berth.js";
import { runProxy } from "../support/running-proxy.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";

const name = parseRepositoryName("library/app");
const tags = Array.from({ length: 30 }, (_, index) => `v${index}`);
const kills = 8;

function layersOf(tag: string): Buffer[] {
  return ["a", "b", "c"].map((layer) => seededBytes(`${tag} ${layer}`, 5_000));
}

test("an eviction that is killed at any moment leaves private content complete, and every image can be pulled again", async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  for (const tag of tags) fake.store.addImage(name, layersOf(tag), tag);
  const root = await scope.folder("data");
  const config = join(await scope.folder("config"), "berth.yml");
  await writeFile(config, JSON.stringify({ mode: "proxy", storage: { filesystem: { root } } }));
  const mine = await runBerth(scope, { root });
  const shared = tags.slice(0, 10).flatMap((tag) => layersOf(tag).slice(0, 1));
  for (const layer of shared) await pushBlob(mine.client, "team/app", layer);
  const random = seededRandom(4);
  for (let kill = 0; kill < kills; kill++) {
    const proxy = await runProxy(scope, fake.url, { root });
    for (const tag of tags) await pullWhole(proxy.client, name, tag);
    await proxy.stop();
    const removal = removeAll(scope, config);
    await Promise.race([delay(wholeNumber(random, 300, 1_500)), removal.exited]);
    await removal.kill();
    await removal.exited;
    const fresh = await runBerth(scope, { root });
    for (const layer of shared) await pullBlob(fresh.client, "team/app", digestOf(layer));
    await fresh.server.stop(0);
    // It may report that nothing is left.
    await removeAll(scope, config).exited;
    assert.deepEqual(await storedDigests(fresh.storage), shared.map((layer) => digestOf(layer)).sort());
  }
  const proxy = await runProxy(scope, fake.url, { root });
  for (const tag of tags) await pullWhole(proxy.client, name, tag);
});

function removeAll(scope: Scope, config: string): Daemon {
  const main = join(projectRoot, "dist/main.js");
  return new Daemon(scope, process.execPath, [main, "cache", "rm", "-c", config, name]);
}

async function storedDigests(storage: Storage): Promise<Digest[]> {
  const digests: Digest[] = [];
  for await (const { digest } of storage.blobs.all()) digests.push(digest);
  return digests.sort();
}
