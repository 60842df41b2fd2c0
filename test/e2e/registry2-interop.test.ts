import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { algorithmOf, hexOf } from "../../src/oci/digest.js";
import { type BerthProcess, startBerth } from "../support/berth-process.js";
import { listTags, pullBlob, pullManifest, pullWhole } from "../support/content.js";
import { collectGarbage, type PeerName, peers, startPeer } from "../support/peer-registry.js";
import type { RegistryClient } from "../support/registry-client.js";
import { pushSample, type Sample, sampleContent } from "../support/sample-content.js";
import { Scope } from "../support/scope.js";

const samples = sampleContent();
const names = [...new Set(samples.map(({ name }) => name))].sort();
/** What registry 2.8.2 refuses: manifests by sha512, and manifests that reference missing content. */
const refusedByPeer = ["hashed/all", "sparse/image", "sparse/index"];

test("a data directory of registry 2.8.2 is served unchanged, and can be given back", async (t) => {
  const scope = new Scope(t);
  const root = await scope.folder("data");
  const written = samples.filter(({ name }) => !refusedByPeer.includes(name));
  const repositories = names.filter((name) => !refusedByPeer.includes(name));

  const writer = await startPeer(scope, "registry 2.8.2", root);
  for (const sample of written) await pushSample(writer.client, sample);
  const before = await tagsOf(writer.client, repositories);
  await writer.daemon.stop();

  const berth = await startBerth(scope, { root, private: { sparse: true } });
  await t.test("the same digests", () => pullAll(berth.client, written));
  await t.test("the same tags", async () => assert.deepEqual(await tagsOf(berth.client, repositories), before));
  await t.test("the same repositories", async () => assert.deepEqual(await catalog(berth.client), repositories));

  await t.test("what Berth adds and deletes is seen by registry 2.8.2", async () => {
    for (const sample of samples) await pushSample(berth.client, sample);
    const deleted = await berth.client.request("DELETE", "/v2/plain/image/manifests/latest");
    assert.equal(deleted.status, 202);
    await berth.daemon.stop();
    const reader = await startPeer(scope, "registry 2.8.2", root);
    await pullAll(reader.client, samples.map(withoutTag("latest")));
    assert.deepEqual(await tagsOf(reader.client, ["plain/image"]), { "plain/image": ["v1", "v2"] });
  });
});

// Each has its own port and data directory: a copy of what one Berth wrote.
for (const peer of Object.keys(peers) as PeerName[]) {
  test(`a data directory that Berth wrote is served by ${peer}, and survives its garbage collection`, async (t) => {
    const scope = new Scope(t);
    const root = await writeByBerth(scope);

    await t.test("everything is served", async () => {
      const { client, daemon } = await startPeer(scope, peer, root);
      await pullAll(client, samples);
      assert.deepEqual(await catalog(client), names);
      await daemon.stop();
    });

    await collectGarbage(scope, peer, root);

    await t.test("everything is served after its garbage collection", async () => {
      const { client, daemon } = await startPeer(scope, peer, root);
      await pullAll(client, samples);
      assert.deepEqual(await catalog(client), names);
      await daemon.stop();
    });

    await t.test("Berth has lost nothing", async () => {
      const berth = await startBerth(scope, { root });
      await pullAll(berth.client, samples);
      assert.deepEqual(await catalog(berth.client), names);
      assert.deepEqual(await referrersOfSubject(berth), referrerDigests());
    });

    await t.test("content deleted by Berth is collected, and nothing else", async () => {
      const copy = await scope.folder("copy");
      await cp(root, copy, { recursive: true });
      const [deleted, kept] = split(({ name }) => name === "docker/image");
      const berth = await startBerth(scope, { root: copy });
      for (const sample of deleted) await deleteManifest(berth.client, sample);
      await berth.daemon.stop();
      await collectGarbage(scope, peer, copy);

      for (const sample of deleted) for (const path of filesOf(copy, sample)) assert.ok(!existsSync(path), path);
      const again = await startBerth(scope, { root: copy });
      await pullAll(again.client, kept);
    });
  });
}

async function writeByBerth(scope: Scope): Promise<string> {
  const { client, daemon, root } = await startBerth(scope, { private: { sparse: true } });
  for (const sample of samples) await pushSample(client, sample);
  await pullAll(client, samples);
  await daemon.stop();
  return root;
}

/** Pulls each sample by its digest and by its tags, with everything that it references, and compares every digest. */
async function pullAll(client: RegistryClient, expected: readonly Sample[]): Promise<void> {
  const problems: string[] = [];
  for (const sample of expected) {
    for (const reference of [sample.manifest.descriptor.digest, ...sample.tags]) {
      await pull(client, sample, reference).catch((error: Error) => {
        problems.push(`${sample.name} ${reference}: ${error.message}`);
      });
    }
  }
  assert.deepEqual(problems, []);
}

async function pull(client: RegistryClient, sample: Sample, reference: string): Promise<void> {
  const { name, manifest, blobs, isWhole } = sample;
  const { digest, mediaType, bytes } = await pullManifest(client, name, reference);
  assert.deepEqual({ digest, mediaType, size: bytes.length }, manifest.descriptor);
  for (const blob of blobs) await pullBlob(client, name, blob.digest);
  if (isWhole) await pullWhole(client, name, reference);
}

/** Sorted: registry 2.8.2 lists tags in no order. */
async function tagsOf(client: RegistryClient, repositories: readonly string[]): Promise<Record<string, string[]>> {
  const entries = repositories.map(async (name) => [name, (await listTags(client, name)).sort()]);
  return Object.fromEntries(await Promise.all(entries));
}

async function catalog(client: RegistryClient): Promise<string[]> {
  const answer = await client.get("/v2/_catalog?n=1000");
  return JSON.parse(answer.body.toString()).repositories.sort();
}

async function referrersOfSubject({ client }: BerthProcess): Promise<string[]> {
  const subject = samples.find(({ name, tags }) => name === "with/referrers" && tags.length > 0);
  const answer = await client.get(`/v2/with/referrers/referrers/${subject?.manifest.descriptor.digest}`);
  return JSON.parse(answer.body.toString())
    .manifests.map((descriptor: { digest: string }) => descriptor.digest)
    .sort();
}

function referrerDigests(): string[] {
  const referrers = samples.filter(({ name, tags }) => name === "with/referrers" && tags.length === 0);
  return referrers.map(({ manifest }) => manifest.descriptor.digest).sort();
}

async function deleteManifest(client: RegistryClient, { name, manifest }: Sample): Promise<void> {
  const answer = await client.request("DELETE", `/v2/${name}/manifests/${manifest.descriptor.digest}`);
  assert.equal(answer.status, 202);
}

/** Where distribution's layout stores the bytes of a sample. */
function filesOf(root: string, { manifest, blobs }: Sample): string[] {
  return [manifest.descriptor, ...blobs].map(({ digest }) => {
    const hex = hexOf(digest);
    return join(root, "docker/registry/v2/blobs", algorithmOf(digest), hex.slice(0, 2), hex, "data");
  });
}

function split(isFirst: (sample: Sample) => boolean): [Sample[], Sample[]] {
  return [samples.filter(isFirst), samples.filter((sample) => !isFirst(sample))];
}

function withoutTag(tag: string): (sample: Sample) => Sample {
  return (sample) => ({ ...sample, tags: sample.tags.filter((candidate) => candidate !== tag) });
}
