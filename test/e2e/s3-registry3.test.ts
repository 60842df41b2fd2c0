import { strict as assert } from "node:assert";
import { test } from "node:test";
import { startBerth } from "../support/berth-process.js";
import { listTags, pullBlob, pullManifest, pullWhole } from "../support/content.js";
import { makeBucket, region, startStore } from "../support/object-stores/object-store.js";
import { storageIn } from "../support/object-stores/replicas.js";
import { collectGarbage, startPeer } from "../support/peer-registry.js";
import type { RegistryClient } from "../support/registry-client.js";
import { pushSample, type Sample, sampleContent } from "../support/sample-content.js";
import { Scope } from "../support/scope.js";

const samples = sampleContent();
/** What registry 3 refuses: manifests that reference missing content. */
const whole = samples.filter(({ name }) => !name.startsWith("sparse/") && !name.startsWith("hashed/"));

test("a bucket of registry 3 is served, pushed to, handed back and collected, and nothing is lost", async (t) => {
  const scope = new Scope(t);
  const store = await startStore(scope, "minio");
  await makeBucket(store, "images");
  const { endpoint: regionendpoint, accessKeyId: accesskey, secretAccessKey: secretkey } = store;
  const keys = { bucket: "images", region, regionendpoint, accesskey, secretkey };
  const data = { s3: { ...keys, rootdirectory: "/own", forcepathstyle: true, secure: false } };

  const writer = await startPeer(scope, "registry 3.1.2", data);
  for (const sample of whole) await pushSample(writer.client, sample);
  await writer.daemon.stop();

  const berth = await startBerth(scope, { storage: await storageIn(scope, store, "images") });
  await t.test("Berth serves what registry 3 wrote", () => pullAll(berth.client, whole));
  await t.test("and is pushed to", async () => {
    for (const sample of whole) await pushSample(berth.client, renamed(sample));
    await pullAll(berth.client, whole.map(renamed));
    await berth.daemon.stop();
  });
  const all = [...whole, ...whole.map(renamed)];
  await t.test("registry 3 serves both", async () => {
    const { client, daemon } = await startPeer(scope, "registry 3.1.2", data);
    await pullAll(client, all);
    await daemon.stop();
  });
  await t.test("its collection of garbage loses nothing", async () => {
    await collectGarbage(scope, "registry 3.1.2", data);
    const again = await startBerth(scope, { storage: await storageIn(scope, store, "images") });
    await pullAll(again.client, all);
  });
});

function renamed(sample: Sample): Sample {
  return { ...sample, name: `again/${sample.name}` };
}

/** Pulls each by its digest and its tags, with all that it references. */
async function pullAll(client: RegistryClient, expected: readonly Sample[]): Promise<void> {
  const problems: string[] = [];
  for (const { name, manifest, blobs, tags, isWhole } of expected) {
    for (const reference of [manifest.descriptor.digest, ...tags]) {
      try {
        assert.equal((await pullManifest(client, name, reference)).digest, manifest.descriptor.digest);
        for (const { digest } of blobs) await pullBlob(client, name, digest);
        if (isWhole) await pullWhole(client, name, reference);
      } catch (error) {
        problems.push(`${name} ${reference}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    const listed = await listTags(client, name);
    for (const tag of tags) if (!listed.includes(tag)) problems.push(`${name}: ${tag} is not listed`);
  }
  assert.deepEqual(problems, []);
}
