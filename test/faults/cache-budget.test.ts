import { strict as assert } from "node:assert";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { expectStatus, pullWhole, pushBlob, seededBytes } from "../support/content.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";

const mebibyte = 1024 * 1024;
/** `FAULTS_BUDGET_MIB=1024 npm run faults -- cache-budget` pulls 10 GiB through a cache of 1 GiB. */
const budget = Number(process.env.FAULTS_BUDGET_MIB ?? "32") * mebibyte;
const seed = Number(process.env.FAULTS_SEED ?? "20261127");
const pulled = 10 * budget;
const clients = 4;
const layersAtMost = 3;
/** Several images fit, however small the budget is. */
const layerBytes = Math.min(32 * mebibyte, budget / 32);
/** Manifests, links and configurations have no part in the budget that matters here. */
const smallThings = mebibyte;

test(`a cache of ${budget / mebibyte} MiB through which ten times as much is pulled is never larger by more than what is arriving, and private images stay`, async (t) => {
  const scope = new Scope(t);
  const fake = await FakeUpstream.start(scope);
  const berth = await startBerth(scope, {
    mode: "hybrid",
    proxy: { maxSize: budget, upstreams: [{ name: "docker.io", url: fake.url }] },
    log: { access: false },
  });
  const own = seededBytes("own", budget / 4);
  await pushBlob(berth.client, "mine", own);
  const before = await bytesIn(berth.root);
  const random = seededRandom(seed);
  let [left, largest, isOver, images] = [pulled, 0, false, 0];

  const pullOn = async () => {
    while (left > 0) {
      const tag = `v${images++}`;
      const layers = Array.from({ length: wholeNumber(random, 1, layersAtMost + 1) }, (_, index) =>
        seededBytes(`${seed} ${tag} ${index}`, Math.floor(layerBytes * (0.5 + random() / 2))),
      );
      left -= layers.reduce((sum, layer) => sum + layer.length, 0);
      fake.store.addImage("library/app", layers, tag);
      await pullWhole(berth.client, "library/app", tag);
      // So that this process needs no memory for all of them.
      for (const layer of layers) fake.store.removeBlob("library/app", digestOf(layer));
    }
  };
  const watch = async () => {
    while (!isOver) {
      largest = Math.max(largest, (await bytesIn(berth.root)) - before);
      await delay(20);
    }
  };
  const watching = watch();
  await Promise.all(Array.from({ length: clients }, pullOn));
  isOver = true;
  await watching;

  const arriving = clients * layersAtMost * layerBytes;
  t.diagnostic(`seed ${seed}: ${images} images, largest ${Math.round(largest / mebibyte)} MiB`);
  assert.ok(largest > budget / 2, "the cache was used");
  assert.ok(largest <= budget + arriving + smallThings, `${largest} bytes, of which ${arriving} may be arriving`);
  const found = await berth.client.get(`/v2/mine/blobs/${digestOf(own)}`);
  expectStatus(found, 200, "the pull of a private blob");
  assert.equal(digestOf(found.body), digestOf(own));
});

/** Of all blobs and downloads of a data directory. */
async function bytesIn(root: string): Promise<number> {
  let bytes = 0;
  for (const folder of ["docker/registry/v2/blobs", ".berth/downloads", ".berth/evicting"]) {
    const paths = await readdir(join(root, folder), { recursive: true }).catch(() => []);
    for (const path of paths) {
      const found = await stat(join(root, folder, path)).catch(() => undefined);
      if (found?.isFile()) bytes += found.size;
    }
  }
  return bytes;
}
