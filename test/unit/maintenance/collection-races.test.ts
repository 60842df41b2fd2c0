import { strict as assert } from "node:assert";
import { test } from "node:test";
import { collectBeside } from "../../../src/maintenance/collect.js";
import { type Digest, digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import type { PushRepository } from "../../../src/registry/repository.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { manifestOf } from "../../support/content.js";
import { collectionSettings, RecordedCollection } from "../../support/garbage.js";
import { type DriverStep, PausableDriver } from "../../support/pausable-driver.js";
import { PoorDriver } from "../../support/poor-driver/poor-driver.js";
import { patientContext, privateRepository, putManifest } from "../../support/private-repository.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { emptyConfig, smallImage } from "../../support/small-image.js";
import { storeImage } from "../../support/stored-images.js";

const hour = 60 * 60_000;
const name = parseRepositoryName("team/app");
const text = "a layer that no manifest needs any more";
const layer = digestOf(Buffer.from(text));
const image = smallImage(text);
const manifest = image.descriptor.digest;

/** What a collection does to a link and to bytes, step by step. */
const link = { name, kind: "blob", digest: layer } as const;
const untagged = { name, kind: "manifest", digest: manifest } as const;
type Stop = readonly ["pauseBefore" | "pauseAfter", DriverStep, string];
const stopsOf = (removed: typeof link | typeof untagged): readonly Stop[] => [
  ["pauseBefore", "write", layout.trashed(removed)],
  ["pauseAfter", "write", layout.trashed(removed)],
  ["pauseBefore", "withdraw", layout.link(removed)],
  ["pauseAfter", "withdraw", layout.link(removed)],
  ["pauseBefore", "erase", layout.link(removed)],
  ["pauseAfter", "erase", layout.link(removed)],
  ["pauseBefore", "remove", layout.trashed(removed)],
  ["pauseAfter", "remove", layout.trashed(removed)],
];
const stopsOfBytes: readonly Stop[] = [
  ["pauseBefore", "withdraw", layout.blob(layer)],
  ["pauseAfter", "withdraw", layout.blob(layer)],
  ["pauseBefore", "erase", layout.blob(layer)],
  ["pauseAfter", "erase", layout.blob(layer)],
];

const drivers = {
  memory: (now: () => number) => new MemoryDriver(now),
  "a poor driver": (now: () => number) => new PoorDriver({ now, listLagMs: 2 }),
} as const;

/** A storage whose content was written hours ago, so that no claim lasts, and what a client does with it. */
class Race {
  readonly driver: PausableDriver;
  readonly storage: Storage;
  readonly repository: PushRepository;
  #ageMs = 3 * hour;

  constructor(make: (typeof drivers)[keyof typeof drivers]) {
    this.driver = new PausableDriver(make(() => Date.now() - this.#ageMs));
    this.storage = new Storage(this.driver, 0, new RecordedLog());
    this.storage.contentLinks.claimMs = hour;
    this.repository = privateRepository(this.storage);
  }

  /** Everything stored until now is old. */
  age(): void {
    this.#ageMs = 0;
  }

  /** Collects, and does something when the collection is at a step. Without a trash: what goes is gone at once. */
  async at(stop: Stop, action: () => Promise<void>, deleteUntagged = false): Promise<void> {
    await this.storage.listsSettled();
    this.age();
    const [when, step, key] = stop;
    const pause = this.driver[when](step, key);
    const times = { grace: 0, claim: this.storage.contentLinks.safeMs, trash: 0 };
    const collecting = collectBeside(this.storage, collectionSettings(new RecordedCollection(), times, deleteUntagged));
    await Promise.race([pause.reached, collecting.then(() => assert.fail(`${stop.join(" ")} was not reached`))]);
    // On a storage without renames, whoever needs what is being removed waits for the end of that.
    const acting = action();
    await Promise.race([acting, turns(50)]);
    pause.resume();
    await collecting;
    await acting;
  }

  /** As clients do: uploads what it is not told that it need not. @returns what it was told to be there */
  async isThere(digest: Digest): Promise<boolean> {
    return this.repository.statBlob(digest, patientContext()).then(
      () => true,
      () => false,
    );
  }

  async isManifestThere(): Promise<boolean> {
    return this.repository.resolveManifest(manifest, patientContext()).then(
      () => true,
      () => false,
    );
  }

  async pullsWhole(reference: Parameters<PushRepository["getManifest"]>[0] = manifest): Promise<void> {
    await this.repository.getManifest(reference, patientContext());
    for (const digest of [layer, digestOf(emptyConfig)]) {
      const { content } = await this.repository.openBlob(digest, () => undefined, patientContext());
      await content.close();
    }
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

for (const [driver, make] of Object.entries(drivers)) {
  for (const stop of [...stopsOf(link), ...stopsOfBytes]) {
    const [when, step] = stop;
    const where = `${when === "pauseBefore" ? "before" : "after"} ${step} of ${stop[2].split("/").slice(0, 2).join("/")} (${driver})`;

    test(`a client that is told that it need not upload a layer can push its image: ${where}`, async () => {
      const race = new Race(make);
      for (const bytes of [emptyConfig, Buffer.from(text)]) await storeBlob(race.storage, name, bytes);
      let wasThere = false;
      await race.at(stop, async () => {
        wasThere = await race.isThere(layer);
        if (!wasThere) await storeBlob(race.storage, name, Buffer.from(text));
        if (!(await race.isThere(digestOf(emptyConfig)))) await storeBlob(race.storage, name, emptyConfig);
      });
      await race.storage.listsSettled();
      await putManifest(race.repository, image);
      await race.pullsWhole();
    });

    test(`a manifest that is accepted pulls whole: ${where}`, async () => {
      const race = new Race(make);
      for (const bytes of [emptyConfig, Buffer.from(text)]) await storeBlob(race.storage, name, bytes);
      let isAccepted = false;
      await race.at(stop, async () => {
        isAccepted = await putManifest(race.repository, image).then(
          () => true,
          () => false,
        );
        if (isAccepted) await race.pullsWhole();
      });
      if (isAccepted) await race.pullsWhole();
    });

    test(`a layer that is mounted can be pulled: ${where}`, async () => {
      const race = new Race(make);
      await storeBlob(race.storage, name, Buffer.from(text));
      const target = privateRepository(race.storage, "other/app");
      let isMounted = false;
      await race.at(stop, async () => {
        isMounted = await target.mountBlob(layer, name, patientContext());
      });
      if (!isMounted) return;
      const { content } = await target.openBlob(layer, () => undefined, patientContext());
      await content.close();
    });
  }

  for (const stop of stopsOf(untagged)) {
    const [when, step] = stop;
    const where = `${when === "pauseBefore" ? "before" : "after"} ${step} of ${stop[2].split("/").slice(0, 2).join("/")} (${driver})`;

    test(`an index of a manifest that a client was told to be there pulls whole: ${where}`, async () => {
      const race = new Race(make);
      await storeImage(race.storage, text);
      let wasThere = false;
      await race.at(
        stop,
        async () => {
          wasThere = await race.isManifestThere();
        },
        true,
      );
      if (!wasThere) return;
      const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [image.descriptor] });
      await putManifest(race.repository, index, parseTag("v1"));
      await race.pullsWhole();
    });

    test(`an index that is accepted while its manifest is removed as untagged pulls whole: ${where}`, async () => {
      const race = new Race(make);
      await storeImage(race.storage, text);
      const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [image.descriptor] });
      let isAccepted = false;
      await race.at(
        stop,
        async () => {
          isAccepted = await putManifest(race.repository, index, parseTag("v1")).then(
            () => true,
            () => false,
          );
        },
        true,
      );
      if (isAccepted) await race.pullsWhole();
    });

    test(`an image that is tagged again while it is removed as untagged pulls whole: ${where}`, async () => {
      const race = new Race(make);
      await storeImage(race.storage, text);
      const tag = parseTag("v1");
      let isAccepted = false;
      await race.at(
        stop,
        async () => {
          isAccepted = await putManifest(race.repository, image, tag).then(
            () => true,
            () => false,
          );
        },
        true,
      );
      if (isAccepted) await race.pullsWhole(tag);
    });
  }

  test(`a layer that comes back from the trash while its bytes are deleted can be pushed with its image (${driver})`, async () => {
    const race = new Race(make);
    for (const bytes of [emptyConfig, Buffer.from(text)]) await storeBlob(race.storage, name, bytes);
    await race.storage.listsSettled();
    race.age();
    const record = race.driver.pauseBefore("remove", layout.trashed(link));
    const times = { grace: 0, claim: race.storage.contentLinks.safeMs, trash: 0 };
    const collecting = collectBeside(race.storage, collectionSettings(new RecordedCollection(), times));
    await record.reached;
    const restoring = race.driver.pauseBefore("write", layout.link(link));
    const asking = race.isThere(layer);
    await restoring.reached;
    const erasing = race.driver.pauseBefore("erase", layout.blob(layer));
    record.resume();
    await erasing.reached;
    restoring.resume();
    await Promise.race([asking, turns(50)]);
    erasing.resume();
    await collecting;
    if (!(await asking)) await storeBlob(race.storage, name, Buffer.from(text));
    await storeBlob(race.storage, name, emptyConfig);
    await putManifest(race.repository, image);
    await race.pullsWhole();
  });

  test(`what a killed collection was removing comes back, and a claim made since lasts (${driver})`, async () => {
    const race = new Race(make);
    await storeBlob(race.storage, name, Buffer.from(text));
    await race.storage.trash.put([{ link, content: layer, sinceMs: Date.now() }]);
    await race.driver.withdrawal.withdraw(layout.link(link), layout.unlinking(link));
    race.age();
    assert.equal(await race.isThere(layer), true);
    await race.storage.listsSettled();
    const times = { grace: 0, claim: race.storage.contentLinks.safeMs, trash: 0 };
    const report = new RecordedCollection();
    await collectBeside(race.storage, collectionSettings(report, times));
    assert.equal(report.whyStays("blob", layer), "claimed");
    assert.deepEqual(await race.driver.list(layout.unlinkings), []);
  });
}
