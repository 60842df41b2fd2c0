import { strict as assert } from "node:assert";
import { test } from "node:test";
import { checkStorage } from "../../../src/maintenance/fsck/check.js";
import { FilesystemDriver } from "../../../src/storage/drivers/filesystem/filesystem-driver.js";
import { Storage } from "../../../src/storage/storage.js";
import { countCalls } from "../../support/counted-driver.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { Scope } from "../../support/scope.js";
import { storageOnDisk } from "../../support/storage.js";
import { storeImage } from "../../support/stored-images.js";

/** What a check asks the disk one by one. What it asks for many at once is another thread's work. */
async function singleCalls(root: string, isHashed: boolean): Promise<number> {
  const counted = countCalls(await FilesystemDriver.openAsItIs(root));
  const result = await checkStorage(new Storage(counted.driver, 0, new RecordedLog()), {
    isHashed,
    isSparse: false,
    isRepaired: false,
    settledAfterMs: 0,
    pace: async () => {},
    found: ({ what, place }) => assert.fail(`${place}: ${what}`),
  });
  assert.equal(result.damaged, 0);
  return counted.look().total;
}

for (const isHashed of [true, false]) {
  test(`a check ${isHashed ? "" : "without hashing "}asks the disk as often for many small images as for one`, async (t) => {
    const { storage, root } = await storageOnDisk(new Scope(t));
    await storeImage(storage, "the only layer", { tags: ["v0"] });
    const ofOne = await singleCalls(root, isHashed);
    for (let image = 1; image <= 30; image++) await storeImage(storage, `layer ${image}`, { tags: [`v${image}`] });
    assert.equal(await singleCalls(root, isHashed), ofOne);
  });
}
