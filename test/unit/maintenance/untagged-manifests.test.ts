import { strict as assert } from "node:assert";
import { type TestContext, test } from "node:test";
import { collect, collectBeside, planCollection } from "../../../src/maintenance/collect.js";
import type { Digest } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { type ManifestToPush, manifestOf } from "../../support/content.js";
import { collectionSettings, RecordedCollection } from "../../support/garbage.js";
import { patientContext, privateRepository, putManifest } from "../../support/private-repository.js";
import { Scope } from "../../support/scope.js";
import { smallImage } from "../../support/small-image.js";
import { storageOnDisk } from "../../support/storage.js";

const name = parseRepositoryName("team/app");
const hour = 60 * 60_000;

/** A repository, and a collection by a policy that keeps untagged manifests for some time. */
async function prepare(t: TestContext) {
  const { storage } = await storageOnDisk(new Scope(t));
  const repository = privateRepository(storage, name, { sparse: true });
  const push = (image: ManifestToPush, tag?: string) =>
    putManifest(repository, image, tag === undefined ? undefined : parseTag(tag));
  const run = async (keepMs: number | undefined, collecting: typeof collect = collect) => {
    const report = new RecordedCollection();
    const times = { grace: 0, claim: 0, trash: 0, untaggedKeepOf: () => keepMs };
    await collecting(storage, collectionSettings(report, times));
    return report;
  };
  const isThere = (digest: Digest) => storage.manifests.isLinked(name, digest);
  return { storage, repository, push, run, isThere };
}

test("untagged manifests stay without a policy for them, and go after its time; a tagged one stays", async (t) => {
  const { push, run, isThere } = await prepare(t);
  const [tagged, untagged] = [smallImage("tagged"), smallImage("untagged")];
  await push(tagged, "v1");
  await push(untagged);
  for (const keepMs of [undefined, hour]) {
    await run(keepMs);
    assert.ok(await isThere(untagged.descriptor.digest));
  }
  assert.deepEqual((await run(0, planCollection)).went.slice(0, 1), [`manifest ${untagged.descriptor.digest}`]);
  assert.ok(await isThere(untagged.descriptor.digest));
  await run(0);
  assert.equal(await isThere(untagged.descriptor.digest), false);
  assert.ok(await isThere(tagged.descriptor.digest));
});

test("an untagged manifest stays as long as the policy says after it lost its tag, was pushed, or was pulled", async (t) => {
  const { storage, repository, push, isThere } = await prepare(t);
  const images = ["tag moved", "tag deleted", "pulled", "of no use"].map((text) => smallImage(text));
  const [moved, deleted, pulled, useless] = images.map(({ descriptor }) => descriptor.digest) as [
    Digest,
    Digest,
    Digest,
    Digest,
  ];
  for (const image of images) await push(image);
  const old = Date.now() - 10 * hour;
  // As if they had been pushed long ago.
  storage.manifests.receivedAt = async () => old;
  await push(images[0] ?? assert.fail(), "latest");
  await push(smallImage("newest"), "latest");
  await push(images[1] ?? assert.fail(), "gone");
  await repository.deleteTag(parseTag("gone"), patientContext());
  storage.uses.pulls.note(name, pulled, Date.now());
  const times = { grace: 0, claim: 0, trash: 0, untaggedKeepOf: () => hour };
  const report = new RecordedCollection();
  await collect(storage, collectionSettings(report, times));
  assert.deepEqual([await isThere(moved), await isThere(deleted), await isThere(pulled)], [true, true, true]);
  assert.equal(await isThere(useless), false);
});

test("an index keeps its platforms, a kept image its signatures, and a signature goes with its image", async (t) => {
  for (const collecting of [collect, collectBeside]) {
    const { storage, push, run, isThere } = await prepare(t);
    storage.contentLinks.claimMs = 0;
    const platform = smallImage("platform");
    const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [platform.descriptor] });
    const untagged = smallImage("untagged");
    const cosign = (image: ManifestToPush) => `${image.descriptor.digest.replace(":", "-")}.sig`;
    const signatures = { kept: smallImage("kept signature"), gone: smallImage("gone signature") };
    const referrer = smallImage("referrer", { subject: untagged.descriptor });
    for (const image of [platform, untagged, referrer]) await push(image);
    await push(index, "v1");
    await push(signatures.kept, cosign(index));
    await push(signatures.gone, cosign(untagged));
    await push(smallImage("foreign"), `sha256-${"0".repeat(64)}.sig`);
    await run(0, collecting);
    await run(0, collecting);
    const there = await Promise.all(
      [platform, index, signatures.kept, smallImage("foreign"), untagged, referrer, signatures.gone].map((image) =>
        isThere(image.descriptor.digest),
      ),
    );
    assert.deepEqual(there, [true, true, true, true, false, false, false]);
    assert.equal(await storage.tags.find(name, parseTag(cosign(untagged))), undefined);
    assert.equal((await storage.index.tagNames(name)).length, 3);
  }
});

test("cached repositories keep what their policy would delete", async (t) => {
  const { storage, push, run, isThere } = await prepare(t);
  const image = smallImage("untagged");
  await push(image);
  await storage.owners.recordOwner(name, "docker.io");
  await run(0);
  assert.ok(await isThere(image.descriptor.digest));
});

test("a collection sees a tag that is gone since the last one, although nothing else has changed", async (t) => {
  const { repository, push, run, isThere } = await prepare(t);
  const [first, second] = [smallImage("first"), smallImage("second")];
  await push(first, "v1");
  await push(second, "v2");
  await run(0);
  await run(0);
  await repository.deleteTag(parseTag("v1"), patientContext());
  await run(0);
  assert.deepEqual([await isThere(first.descriptor.digest), await isThere(second.descriptor.digest)], [false, true]);
});
