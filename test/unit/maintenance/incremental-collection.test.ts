import { strict as assert } from "node:assert";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { planCollection } from "../../../src/maintenance/collect.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { layout } from "../../../src/storage/layout.js";
import type { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { collect, collectionSettings, digestsStored, RecordedCollection } from "../../support/garbage.js";
import { Scope } from "../../support/scope.js";
import { emptyConfig } from "../../support/small-image.js";
import { storageOnDisk } from "../../support/storage.js";
import { storeImage } from "../../support/stored-images.js";
import { waitUntil } from "../../support/wait-until.js";

const names = ["team/a", "team/b", "team/c"].map(parseRepositoryName);
const [a = parseRepositoryName("a")] = names;

function story(sentence: string, run: (storage: Storage, root: string) => Promise<void>): void {
  test(sentence, async (t) => {
    const { storage, root } = await storageOnDisk(new Scope(t));
    for (const name of names) await storeImage(storage, `layer of ${name}`, { name, tags: ["v1"] });
    await run(storage, root);
  });
}

story("a collection reads only the repositories that have changed since the last one", async (storage) => {
  assert.deepEqual(await readBy(storage), names);
  assert.deepEqual(await readBy(storage), []);
  await storeImage(storage, "new", { name: a });
  assert.deepEqual(await readBy(storage), [a]);
  assert.deepEqual(await readBy(storage), []);
});

story("what unchanged repositories need stays, and what changed ones no longer need goes", async (storage) => {
  const shared = await storeImage(storage, "shared", { name: "team/b" });
  await storeImage(storage, "shared", { name: a });
  await readBy(storage);
  const before = await digestsStored(storage);
  for (const digest of await storage.index.manifests(a)) await storage.repository(a).removeManifest(digest);
  assert.deepEqual(await readBy(storage), [a]);
  const after = await digestsStored(storage);
  assert.equal(before.length - after.length, 2, "the manifest and the layer that only team/a had");
  for (const needed of [digestOf(shared.bytes), digestOf(Buffer.from("shared")), digestOf(emptyConfig)])
    assert.ok(after.includes(needed));
});

story("a blob in no manifest is looked at by each collection until it goes", async (storage) => {
  await storeBlob(storage, a, Buffer.from("in no manifest"));
  assert.deepEqual(await readBy(storage), names);
  // It has gone, so the list has changed.
  assert.deepEqual(await readBy(storage), [a]);
  assert.deepEqual(await readBy(storage), []);
});

story("knowledge that is torn, damaged or missing is not used", async (storage, root) => {
  await readBy(storage);
  const file = join(root, layout.collectionKnowledge);
  const whole = await storage.driver.read(layout.collectionKnowledge);
  assert.ok(whole !== undefined);
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(flipped.readUInt8(whole.length - 60) ^ 1, whole.length - 60);
  for (const damaged of [whole.subarray(0, whole.length / 2), flipped, Buffer.alloc(0), Buffer.from("{}\n")]) {
    await writeFile(file, damaged);
    const stored = await digestsStored(storage);
    assert.deepEqual(await readBy(storage), names);
    assert.deepEqual(await digestsStored(storage), stored);
  }
  await rm(file);
  assert.deepEqual(await readBy(storage), names);
});

story(
  "a manifest that another program deletes and pushes again stays, though no list shows that",
  async (storage, root) => {
    await storeImage(storage, "twice", { name: a });
    // It needs nothing that the other does not need.
    const again = await storeImage(storage, "twice", { name: a, fields: { annotations: { which: "second" } } });
    const link = join(root, layout.revisionLink(a, digestOf(again.bytes)));
    // Distribution deletes the link, and leaves its folder.
    await rm(link);
    await readBy(storage);
    assert.ok(!(await digestsStored(storage)).includes(digestOf(again.bytes)));
    await storage.driver.write({ key: layout.blob(digestOf(again.bytes)), content: again.bytes });
    await writeFile(link, digestOf(again.bytes));
    await readBy(storage);
    assert.ok((await digestsStored(storage)).includes(digestOf(again.bytes)));
  },
);

story(
  "known manifests of a changed repository are not read again until the seventh collection",
  async (storage, root) => {
    const image = await storeImage(storage, "damaged", { name: a });
    await readBy(storage);
    await writeFile(join(root, layout.blob(digestOf(image.bytes))), "damaged");
    const problems: number[] = [];
    for (let run = 2; run <= 8; run++) {
      await storeImage(storage, `change ${run}`, { name: a });
      await settled(storage);
      problems.push((await collect(storage)).problems.length);
    }
    assert.deepEqual(problems, [0, 0, 0, 0, 0, 0, 1]);
    assert.ok((await digestsStored(storage)).includes(digestOf(Buffer.from("damaged"))));
  },
);

story("each seventh collection reads everything", async (storage) => {
  const read: number[] = [];
  for (let run = 1; run <= 9; run++) read.push((await readBy(storage)).length);
  assert.deepEqual(read, [3, 0, 0, 0, 0, 0, 0, 3, 0]);
});

story("a plan says the same as the collection, and learns nothing", async (storage) => {
  await readBy(storage);
  await storeBlob(storage, a, Buffer.from("in no manifest"));
  const known = await storage.driver.read(layout.collectionKnowledge);
  await settled(storage);
  const planned = new RecordedCollection();
  await planCollection(storage, collectionSettings(planned));
  assert.deepEqual(await storage.driver.read(layout.collectionKnowledge), known);
  const { report } = await collect(storage);
  assert.deepEqual([planned.read, planned.went], [report.read, report.went]);
  assert.deepEqual(report.read, [a]);
});

story(
  "a known manifest whose link another program removes is missed when everything is looked at, and not before",
  async (storage, root) => {
    await readBy(storage);
    const [known = digestOf(emptyConfig)] = await storage.index.manifests(a);
    await rm(join(root, layout.revisionLink(a, known)));
    await storeImage(storage, "new", { name: a });
    const layer = digestOf(Buffer.from(`layer of ${a}`));
    assert.deepEqual(await readBy(storage), [a]);
    assert.ok((await digestsStored(storage)).includes(layer));
    await rm(join(root, layout.collectionKnowledge));
    await readBy(storage);
    assert.ok(!(await digestsStored(storage)).includes(layer));
  },
);

/** Collects as if nothing else used the storage. @returns the repositories that were read */
async function readBy(storage: Storage): Promise<readonly string[]> {
  await settled(storage);
  return (await collect(storage)).report.read;
}

/** A list that has just changed has no version. */
async function settled(storage: Storage): Promise<void> {
  const areSettled = async () => !(await storage.index.holdingsVersions(names)).includes(undefined) || undefined;
  await waitUntil("the lists have versions", areSettled);
}
