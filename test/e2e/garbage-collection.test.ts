import { strict as assert } from "node:assert";
import { cp } from "node:fs/promises";
import { test } from "node:test";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { blobsIn, runGc, snapshotOf } from "../support/berth-gc.js";
import { startBerth } from "../support/berth-process.js";
import { listTags, pullManifest, pullWhole, pushBlob } from "../support/content.js";
import { collectGarbage, type PeerName, peers, startPeer } from "../support/peer-registry.js";
import type { RegistryClient } from "../support/registry-client.js";
import { pushSample, type Sample, sampleContent } from "../support/sample-content.js";
import { Scope } from "../support/scope.js";

const samples = sampleContent();
/** Content that the peers do not get: they refuse it, or their own collection loses it or fails on it. */
const left: Readonly<Record<PeerName, readonly string[]>> = {
  "registry 2.8.2": ["hashed/all", "sparse/image", "sparse/index", "empty/index"],
  "registry 3.1.2": ["hashed/all", "sparse/image", "sparse/index", "empty/index", "hashed/blobs"],
};
const isDeleted = ({ name }: Sample) => name === "docker/image";
const deleted = samples.filter(isDeleted);
const orphan = Buffer.from("a blob that no manifest names");

for (const peer of Object.keys(peers) as PeerName[]) {
  test(`on a data directory of ${peer}, Berth keeps everything that the peer keeps, and the peer serves it`, async (t) => {
    const scope = new Scope(t);
    const written = samples.filter(({ name }) => !left[peer].includes(name));
    const kept = written.filter((sample) => !isDeleted(sample));
    const root = await writeByPeer(scope, peer, written);

    await t.test("a dry run says what would be deleted and changes nothing", async () => {
      const before = await snapshotOf(root);
      const said = await runGc(scope, root, ["--dry-run", "--delete-untagged"]);
      assert.deepEqual(await snapshotOf(root), before);
      assert.match(said, new RegExp(`^blob eligible for deletion: ${digestOf(orphan)}$`, "m"));
      assert.match(said, /^\d+ blobs marked, [1-9]\d* blobs and [1-9]\d* manifests eligible for deletion$/m);
    });

    await t.test("without options both keep the same", async () => {
      const { byPeer, byBerth, ours } = await collectByBoth(scope, peer, root, []);
      const { onlyBerth, onlyPeer } = difference(byBerth, byPeer);
      assert.deepEqual(onlyPeer, []);
      // The distribution registry's collection deletes sha512 blobs, which it links to sha256.
      const aliased = samples.filter(({ name }) => name === "hashed/blobs").flatMap(({ blobs }) => blobs);
      const isAliased = (digest: Digest) => aliased.some(({ bytes }) => digestOf(bytes) === digest);
      assert.deepEqual(
        onlyBerth.filter((digest) => !isAliased(digest)),
        [],
      );
      const reader = await startPeer(scope, peer, ours);
      await pullAll(reader.client, kept);
    });

    await t.test("with --delete-untagged tagged images are kept completely, with their referrers", async () => {
      const { byPeer, byBerth, ours } = await collectByBoth(scope, peer, root, ["--delete-untagged"]);
      assert.deepEqual(difference(byBerth, byPeer).onlyPeer, []);
      const reader = await startPeer(scope, peer, ours);
      const untagged = kept.filter(({ name, tags }) => name === "plain/image" && tags.length === 0);
      assert.equal(untagged.length, 1);
      await pullAll(
        reader.client,
        kept.filter((sample) => !untagged.includes(sample)),
      );
      for (const { name, manifest } of untagged)
        await assert.rejects(pullManifest(reader.client, name, manifest.descriptor.digest), /404/);
    });
  });
}

test("a collection beside a server deletes nothing that a client may rely on, and says until when", async (t) => {
  const scope = new Scope(t);
  const { root, client, daemon } = await startBerth(scope, { private: { sparse: true } });
  const kept = samples.filter(({ isWhole }) => isWhole);
  for (const sample of kept) await pushSample(client, sample);
  await pushBlob(client, "plain", orphan);
  for (const flags of [[], ["--force", "--delete-untagged"]]) {
    const said = await runGc(scope, root, flags);
    assert.match(said, new RegExp(`^plain: layer link waits: ${digestOf(orphan)}: a client .* until `, "m"));
    assert.match(said, /a server uses this storage/);
  }
  assert.ok((await blobsIn(root)).includes(digestOf(orphan)));
  await pullAll(client, kept);

  await daemon.kill();
  await runGc(scope, root);
  assert.ok(!(await blobsIn(root)).includes(digestOf(orphan)), "a killed server must not prevent the collection");
  const again = await startBerth(scope, { root });
  await pullAll(again.client, kept);
});

/** Each kind of content, an image that was deleted, and a blob in no manifest. */
async function writeByPeer(scope: Scope, peer: PeerName, written: readonly Sample[]): Promise<string> {
  const root = await scope.folder("data");
  const { client, daemon } = await startPeer(scope, peer, root);
  for (const sample of written) await pushSample(client, sample);
  await pushBlob(client, "plain", orphan);
  for (const { name, manifest } of deleted)
    await client.request("DELETE", `/v2/${name}/manifests/${manifest.descriptor.digest}`);
  await daemon.stop();
  return root;
}

async function collectByBoth(scope: Scope, peer: PeerName, root: string, flags: readonly string[]) {
  const [theirs, ours] = [await scope.folder("theirs"), await scope.folder("ours")];
  for (const copy of [theirs, ours]) await cp(root, copy, { recursive: true });
  await collectGarbage(scope, peer, theirs, flags);
  await runGc(scope, ours, flags);
  const [byPeer, byBerth] = [await blobsIn(theirs), await blobsIn(ours)];
  for (const { manifest, blobs } of deleted)
    for (const { digest } of [manifest.descriptor, ...blobs]) assert.ok(!byBerth.includes(digest), digest);
  assert.ok(!byBerth.includes(digestOf(orphan)));
  return { byPeer, byBerth, ours };
}

function difference(byBerth: readonly Digest[], byPeer: readonly Digest[]) {
  return {
    onlyBerth: byBerth.filter((digest) => !byPeer.includes(digest)),
    onlyPeer: byPeer.filter((digest) => !byBerth.includes(digest)),
  };
}

/** Everything by digest, and every tag that is listed. */
async function pullAll(client: RegistryClient, expected: readonly Sample[]): Promise<void> {
  for (const { name, manifest, tags } of expected) {
    await pullWhole(client, name, manifest.descriptor.digest);
    const listed = await listTags(client, name);
    for (const tag of tags) assert.ok(listed.includes(tag), `${name}:${tag}`);
    for (const tag of tags) await pullWhole(client, name, tag);
  }
}
