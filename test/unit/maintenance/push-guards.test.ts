import { strict as assert } from "node:assert";
import { test } from "node:test";
import { collectBeside } from "../../../src/maintenance/collect.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { removeUnlinked, withEvictionLock } from "../../../src/storage/content/unlinked-blobs.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { collectionSettings, RecordedCollection } from "../../support/garbage.js";
import { PausableDriver, type Pause } from "../../support/pausable-driver.js";
import { PoorDriver } from "../../support/poor-driver/poor-driver.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { smallImage } from "../../support/small-image.js";
import { storeImage } from "../../support/stored-images.js";

/*
 * Guards of a push, in `addBlob` and in the manifest store, against what other processes remove meanwhile: without the
 * guard, the test fails. What a client was told to be there is in `collection-races.test.ts`.
 */

const hour = 60 * 60_000;
const name = parseRepositoryName("team/app");
const text = "a layer";
const bytes = Buffer.from(text);
const layer = digestOf(bytes);
const image = smallImage(text);
const manifest = image.descriptor.digest;
const layerLink = { name, kind: "blob", digest: layer } as const;
const manifestLink = { name, kind: "manifest", digest: manifest } as const;

/** A bucket that several processes use; what is stored before `age` is hours old. */
class Bucket {
  #ageMs = 3 * hour;
  readonly driver = new PausableDriver(new PoorDriver({ now: () => Date.now() - this.#ageMs, listLagMs: 2 }));

  /** As another process sees it. */
  open(): Storage {
    const storage = new Storage(this.driver, 0, new RecordedLog());
    storage.contentLinks.claimMs = hour;
    return storage;
  }

  /** A collection for which everything stored until now is old. */
  async collect(): Promise<void> {
    const storage = this.open();
    await storage.listsSettled();
    this.#ageMs = 0;
    const times = { grace: 0, claim: storage.contentLinks.safeMs, trash: 0 };
    await collectBeside(storage, collectionSettings(new RecordedCollection(), times, true));
  }
}

/** Pushes while a removal waits right before its last step, and lets both end. */
async function pushDuring(removing: Promise<unknown>, pause: Pause, push: () => Promise<unknown>): Promise<void> {
  await Promise.race([pause.reached, removing.then(() => assert.fail("nothing was removed"))]);
  const pushing = push();
  // It may wait for the end of the removal.
  await Promise.race([pushing, turns(50)]);
  pause.resume();
  await removing;
  await pushing;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

test("a process that dies right after the bytes of a blob have their name has stored the link with them", async () => {
  const bucket = new Bucket();
  const dying = bucket.driver.pauseBefore("keep", layout.link(layerLink));
  void storeBlob(bucket.open(), name, bytes);
  await dying.reached;
  assert.equal(await bucket.open().repository(name).linkedBlob(layer), layer);
});

test("a blob whose old link is being erased when its lost bytes are pushed again has a link afterwards", async () => {
  const bucket = new Bucket();
  await storeBlob(bucket.open(), name, bytes);
  await bucket.driver.remove(layout.blob(layer));
  const erasing = bucket.driver.pauseBefore("erase", layout.link(layerLink));
  await pushDuring(bucket.collect(), erasing, () => storeBlob(bucket.open(), name, bytes));
  assert.notEqual(await bucket.open().contentLinks.stored(layerLink), undefined);
});

test("a manifest whose old link is being erased when another process pushes it has a link afterwards", async () => {
  const bucket = new Bucket();
  await storeImage(bucket.open(), text);
  const erasing = bucket.driver.pauseBefore("erase", layout.link(manifestLink));
  await pushDuring(bucket.collect(), erasing, () => bucket.open().manifests.put(name, image));
  assert.notEqual(await bucket.open().contentLinks.stored(manifestLink), undefined);
});

test("a manifest whose bytes are being erased when it is pushed has bytes afterwards", async () => {
  const bucket = new Bucket();
  const storage = bucket.open();
  await storeImage(storage, text);
  await bucket.driver.remove(layout.revision(name, manifest));
  await storage.listsSettled();
  const erasing = bucket.driver.pauseBefore("erase", layout.blob(manifest));
  const evicting = withEvictionLock(storage, () => removeUnlinked(storage, [manifest]));
  await pushDuring(evicting, erasing, () => bucket.open().manifests.put(name, image));
  assert.notEqual(await bucket.driver.stat(layout.blob(manifest)), undefined);
});
