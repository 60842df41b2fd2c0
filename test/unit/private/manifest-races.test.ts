import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { layout } from "../../../src/storage/layout.js";
import { manifestOf } from "../../support/content.js";
import { patientContext, privateRepository, putManifest } from "../../support/private-repository.js";
import { Scope } from "../../support/scope.js";
import { seededRandom } from "../../support/seeded-random.js";
import { pausableStorageAt, storageAt, storageOnDisk } from "../../support/storage.js";

const name = parseRepositoryName("team/app");
const latest = parseTag("latest");
const context = patientContext();
const subject = digestOf(Buffer.from("absent"));

test("of a concurrent push and deletion, one comes entirely after the other", async (t) => {
  const { root, storage } = await storageOnDisk(new Scope(t));
  const pusher = privateRepository(storage);
  const deleter = privateRepository((await storageAt(root)).storage);
  const random = seededRandom(1);
  for (let round = 0; round < 60; round++) {
    const manifest = manifestOf({
      mediaType: mediaTypes.ociIndex,
      manifests: [],
      subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 6 },
      annotations: { round: String(round) },
    });
    const { digest } = manifest.descriptor;
    await putManifest(pusher, manifest, latest);
    await Promise.all([
      pause(random).then(() => putManifest(pusher, manifest, latest)),
      pause(random).then(() => deleter.deleteManifest(digest, context)),
    ]);
    const isHeld = await storage.manifests.has(name, digest);
    assert.equal(await storage.tags.find(name, latest), isHeld ? digest : undefined, `tag, round ${round}`);
    const { items } = await pusher.listReferrers(subject, {}, context);
    assert.equal(items.length, isHeld ? 1 : 0, `referrers, round ${round}`);
    if (isHeld) await deleter.deleteManifest(digest, context);
  }
});

test("a referrer that is pushed again just before a deletion removes its record is listed", async (t) => {
  const { storage, driver } = await pausableStorageAt(await new Scope(t).folder("data"));
  const repository = privateRepository(storage);
  const manifest = manifestOf({
    mediaType: mediaTypes.ociIndex,
    manifests: [],
    subject: { mediaType: mediaTypes.ociManifest, digest: subject, size: 6 },
  });
  const { digest } = manifest.descriptor;
  await putManifest(repository, manifest);
  const removal = driver.pauseBefore("remove", layout.referrer(name, subject, digest));
  const deleted = repository.deleteManifest(digest, context);
  await removal.reached;
  await putManifest(repository, manifest);
  removal.resume();
  await deleted;
  assert.equal((await repository.listReferrers(subject, {}, context)).items.length, 1);
});

/** A few turns of the event loop, so that the two meet at a different point each time. */
async function pause(random: () => number): Promise<void> {
  for (let turns = random() * 12; turns > 1; turns--) await new Promise(setImmediate);
}
