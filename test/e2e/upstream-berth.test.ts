import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { listTags, pullManifest, pullWhole } from "../support/content.js";
import { pushSample, sampleContent } from "../support/sample-content.js";
import { Scope } from "../support/scope.js";

const samples = sampleContent().filter(({ isWhole }) => isWhole);
const names = [...new Set(samples.map(({ name }) => name))];

test("a Berth caches a Berth that caches a Berth: every kind of content passes through, and stays", async (t) => {
  const scope = new Scope(t);
  const origin = await startBerth(scope);
  for (const sample of samples) await pushSample(origin.client, sample);
  const middle = await startBerth(scope, { proxy: cacheOf(origin) });
  const edge = await startBerth(scope, { proxy: cacheOf(middle) });

  await t.test("cold", () => pullAll(edge));
  await t.test("tags and referrers are listed as at the origin", async () => {
    for (const name of names) assert.deepEqual(await listTags(edge.client, name), await listTags(origin.client, name));
    assert.deepEqual(await referrersAt(edge), await referrersAt(origin));
  });
  await t.test("with the origin down", async () => {
    await origin.daemon.stop();
    await pullAll(edge);
  });
  await t.test("with both down, after a restart", async () => {
    await middle.daemon.stop();
    await edge.daemon.stop();
    const { root, port } = edge;
    await pullAll(await startBerth(scope, { root, port, proxy: cacheOf(middle) }));
  });
});

/** Under a name that is not Docker Hub's, names of one component stay as they are. */
function cacheOf({ host }: BerthProcess): Readonly<Record<string, unknown>> {
  const upstream = { name: "origin.example", url: `http://${host}`, tagTtl: "0s" };
  return { default: upstream.name, upstreams: [upstream] };
}

async function pullAll({ client }: BerthProcess): Promise<void> {
  for (const { name, manifest, tags } of samples) {
    const { digest, mediaType } = manifest.descriptor;
    for (const reference of [digest, ...tags]) await pullWhole(client, name, reference);
    assert.equal((await pullManifest(client, name, digest)).mediaType, mediaType);
  }
}

async function referrersAt({ client }: BerthProcess): Promise<unknown> {
  const subject = samples.find(({ name, tags }) => name === "with/referrers" && tags.length > 0);
  const answer = await client.get(`/v2/with/referrers/referrers/${subject?.manifest.descriptor.digest}`);
  const { manifests } = JSON.parse(answer.body.toString());
  assert.equal(manifests.length, 2);
  return manifests.sort((one: { digest: string }, other: { digest: string }) => (one.digest < other.digest ? -1 : 1));
}
