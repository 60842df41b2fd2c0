import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../src/oci/digest.js";
import { startBerth } from "../support/berth-process.js";
import { pullWhole, seededBytes } from "../support/content.js";
import { soundLayout } from "../support/disk-layout.js";
import * as faults from "../support/fake-upstream/faults.js";
import type { FakeRequest } from "../support/fake-upstream/request.js";
import { FakeUpstream } from "../support/fake-upstream.js";
import { faultSeconds, faultSeed } from "../support/fault-settings.js";
import type { RegistryClient } from "../support/registry-client.js";
import { Scope } from "../support/scope.js";
import { seededRandom, wholeNumber } from "../support/seeded-random.js";
import { waitUntil } from "../support/wait-until.js";

const clients = 6;
const tags = Array.from({ length: 12 }, (_, number) => `v${number}`);

/**
 * What is cached is served while the upstream's limits last, one for manifests and one for blobs: only an image of
 * which nothing is cached shows that both are over.
 */
const neverPulled = "later";

/** Everything that an upstream can do wrong, and that ends within the test. */
const wrong: readonly faults.Fault[] = [
  faults.wrongBytes,
  faults.tooLong(1_000),
  faults.tooShort(1_000),
  faults.announcing(7),
  faults.html,
  faults.cutAt(20_000),
  faults.cutAt(0),
  faults.hangUp,
  faults.lateBy(300),
  faults.statusOnly(404),
  // Without Retry-After, Berth would pause for longer and longer.
  faults.limited(1),
  ...[401, 403, 416, 500, 502, 503].map((code) => faults.status(code)),
];

test("whatever an upstream does wrong while many pull, no client gets wrong bytes, and all is well when it is", async (t) => {
  t.diagnostic(`seed ${faultSeed}`);
  const scope = new Scope(t);
  const random = seededRandom(faultSeed);
  const hub = await FakeUpstream.start(scope);
  for (const tag of [...tags, neverPulled])
    hub.store.addImage(
      "library/tool",
      ["shared", tag].map((layer) => seededBytes(layer, 200_000)),
      tag,
    );
  const choose = (reply: Parameters<faults.Fault>[0], request: FakeRequest) => {
    const fault = wrong[wholeNumber(random, 0, wrong.length)];
    return fault === undefined || random() < 0.5 ? reply : fault(reply, request);
  };
  hub.faults.add({ kind: "manifest" }, choose);
  hub.faults.add({ kind: "blob" }, choose);
  const proxy = { maxSize: "2MiB", upstreams: [{ name: "docker.io", url: hub.url, tagTtl: "0s", notFoundTtl: "0s" }] };
  const { client, daemon, root } = await startBerth(scope, { proxy, log: { access: false, level: "error" } });
  const until = AbortSignal.timeout(faultSeconds(15) * 1_000);
  const pulls = await Promise.all(Array.from({ length: clients }, () => pullWhile(client, random, until)));
  const [whole, failed] = [sum(pulls.map((pull) => pull.whole)), sum(pulls.map((pull) => pull.failed))];
  t.diagnostic(`${whole} images whole, ${failed} failed`);
  assert.ok(whole > 0 && failed > 0, `${whole} whole, ${failed} failed: nothing was shown`);
  assert.ok(daemon.isRunning, daemon.output);
  hub.faults.clear();
  await soundLayout(root);
  await waitUntil(
    "the limits of the upstream are over",
    async () => (await isPulledWhole(client, neverPulled)) || undefined,
    60_000,
  );
  for (const tag of tags) await pullWhole(client, "library/tool", tag);
});

async function pullWhile(client: RegistryClient, random: () => number, until: AbortSignal) {
  const pulls = { whole: 0, failed: 0 };
  while (!until.aborted) {
    const tag = tags[wholeNumber(random, 0, tags.length)] ?? "v0";
    pulls[(await isPulledWhole(client, tag)) ? "whole" : "failed"]++;
  }
  return pulls;
}

/** A response is right, or it fails: with a status, or cut off. */
async function isPulledWhole(client: RegistryClient, tag: string): Promise<boolean> {
  const get = (path: string) => client.get(`/v2/library/tool/${path}`).catch(() => undefined);
  const manifest = await get(`manifests/${tag}`);
  if (manifest?.status !== 200) return false;
  assert.equal(digestOf(manifest.body), manifest.headers["docker-content-digest"]);
  const { config, layers } = JSON.parse(manifest.body.toString());
  for (const { digest } of [config, ...layers]) {
    const blob = await get(`blobs/${digest}`);
    if (blob?.status !== 200) return false;
    assert.equal(digestOf(blob.body), digest);
  }
  return true;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
