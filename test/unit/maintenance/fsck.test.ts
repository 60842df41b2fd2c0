import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type CheckSettings, checkStorage } from "../../../src/maintenance/fsck/check.js";
import type { Finding } from "../../../src/maintenance/fsck/finding.js";
import { digestOf } from "../../../src/oci/digest.js";
import { mediaTypes } from "../../../src/oci/media-types.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { manifestOf, seededBytes } from "../../support/content.js";
import { PausableDriver } from "../../support/pausable-driver.js";
import { PoorDriver } from "../../support/poor-driver/poor-driver.js";
import { patientContext, privateRepository, putManifest } from "../../support/private-repository.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { emptyConfig, smallImage } from "../../support/small-image.js";
import { storeImage, storeManifest } from "../../support/stored-images.js";

const name = parseRepositoryName("team/app");
const tag = parseTag("v1");
const text = "the layer of an image";
const layer = digestOf(Buffer.from(text));

const drivers = {
  memory: () => new MemoryDriver(),
  "a poor driver": () => new PoorDriver({ listLagMs: 2 }),
} as const;

interface Checked {
  readonly findings: Finding[];
  readonly damaged: number;
  readonly mended: number;
  readonly leftovers: number;
}

async function check(storage: Storage, settings: Partial<CheckSettings> = {}): Promise<Checked> {
  await storage.listsSettled();
  const findings: Finding[] = [];
  const result = await checkStorage(storage.forWalk(new RecordedLog()), {
    isHashed: true,
    isSparse: false,
    isRepaired: false,
    settledAfterMs: 0,
    pace: async () => {},
    found: (finding) => findings.push(finding),
    ...settings,
  });
  return { ...result, findings };
}

for (const [driverName, make] of Object.entries(drivers)) {
  test(`a storage in which nothing is wrong gets no complaint (${driverName})`, async () => {
    const storage = new Storage(make(), 0, new RecordedLog());
    const image = await storeImage(storage, text, { tags: ["v1"] });
    const index = manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [image.descriptor] });
    await storeManifest(storage, index, { tags: ["multi"] });
    await storeImage(storage, "a signature", { fields: { subject: image.descriptor } });
    const { findings, damaged } = await check(storage);
    assert.deepEqual([findings, damaged], [[], 0]);
  });

  test(`damaged bytes are set aside, count as missing, and the next push heals the image (${driverName})`, async () => {
    const driver = make();
    const storage = new Storage(driver, 0, new RecordedLog());
    const bytes = seededBytes("too large to be held in memory", 400_000);
    const image = manifestOf({
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: "a/b", digest: digestOf(emptyConfig), size: emptyConfig.length },
      layers: [{ mediaType: "a/b", digest: digestOf(bytes), size: bytes.length }],
    });
    for (const blob of [emptyConfig, bytes]) await storeBlob(storage, name, blob);
    await storeManifest(storage, image, { tags: ["v1"] });
    const key = layout.blob(digestOf(bytes));
    const wrong = Buffer.from(bytes);
    wrong[0] = (wrong[0] ?? 0) ^ 1;
    await driver.write({ key, content: wrong });

    const looked = await check(storage);
    assert.deepEqual(
      looked.findings.map(({ flaw, outcome, holders }) => [flaw, outcome, holders[0]?.images]),
      [["damaged bytes", "left", ["team/app:v1"]]],
    );
    assert.equal((await driver.read(key))?.equals(wrong), true, "nothing is changed without repair");

    const repaired = await check(storage, { isRepaired: true });
    assert.deepEqual([repaired.damaged, repaired.findings[0]?.outcome], [1, "set aside"]);
    assert.equal((await driver.read(repaired.findings[0]?.setAsideTo ?? ""))?.equals(wrong), true);
    const repository = privateRepository(storage);
    await assert.rejects(repository.statBlob(digestOf(bytes), patientContext()), /has no blob/);
    await storeBlob(storage, name, bytes);
    assert.deepEqual((await check(storage)).findings, []);
  });

  test(`a tag that points to nothing, a torn link and a lost record are found (${driverName})`, async () => {
    const driver = make();
    const storage = new Storage(driver, 0, new RecordedLog());
    const image = await storeImage(storage, text, { tags: ["v1"] });
    const signature = await storeImage(storage, "a signature", { fields: { subject: image.descriptor } });
    const other = smallImage("of another tag");
    await driver.write({ key: layout.tagLink(name, parseTag("gone")), content: Buffer.from(other.descriptor.digest) });
    await driver.write({ key: layout.tagLink(name, parseTag("torn")), content: Buffer.from("sha256:12") });
    await driver.write({ key: layout.layerLink(name, layer), content: Buffer.alloc(0) });
    await driver.remove(layout.referrer(name, image.descriptor.digest, signature.descriptor.digest));
    await driver.write({ key: layout.referrersWhole(name), content: Buffer.from("whole") });
    const flaws = ({ findings }: Checked) => findings.map(({ flaw, outcome }) => `${flaw}: ${outcome}`).sort();
    assert.deepEqual(flaws(await check(storage, { isRepaired: true })), [
      "damaged link: written again",
      "damaged tag: left",
      "dangling tag: left",
      "missing referrer: written again",
    ]);
    assert.deepEqual(flaws(await check(storage)), ["damaged tag: left", "dangling tag: left"]);
  });

  test(`missing bytes and missing links are named with their images (${driverName})`, async () => {
    const driver = make();
    const storage = new Storage(driver, 0, new RecordedLog());
    const image = await storeImage(storage, text, { tags: ["v1"] });
    await storeManifest(storage, manifestOf({ mediaType: mediaTypes.ociIndex, manifests: [image.descriptor] }), {
      tags: ["multi"],
    });
    await driver.remove(layout.blob(layer));
    const found = await check(storage, { isRepaired: true });
    assert.deepEqual(
      found.findings.map(({ flaw, digest, holders, outcome }) => [flaw, digest, holders[0]?.images, outcome]),
      [["missing bytes", layer, ["team/app:multi", "team/app:v1"], "left"]],
    );
    await driver.remove(layout.layer(name, layer));
    assert.deepEqual(
      (await check(storage)).findings.map(({ flaw }) => flaw),
      ["missing link"],
    );
    assert.deepEqual((await check(storage, { isSparse: true })).findings, []);
  });
}

test("without hashing, a blob is found that is shorter than its manifest says", async () => {
  const driver = new MemoryDriver();
  const storage = new Storage(driver, 0, new RecordedLog());
  await storeImage(storage, text, { tags: ["v1"] });
  await driver.write({ key: layout.blob(layer), content: Buffer.from(text.slice(1)) });
  const { findings } = await check(storage, { isHashed: false });
  assert.deepEqual(
    findings.map(({ flaw, digest }) => [flaw, digest]),
    [["damaged bytes", layer]],
  );
});

test("bytes that are pushed again while they are looked at are not called damaged, nor set aside", async () => {
  const inner = new MemoryDriver();
  const driver = new PausableDriver(inner);
  const storage = new Storage(driver, 0, new RecordedLog());
  await storeImage(storage, text, { tags: ["v1"] });
  await inner.write({ key: layout.blob(layer), content: Buffer.from("damaged") });
  const pause = driver.pauseBefore("withdraw", layout.blob(layer));
  const checking = check(storage, { isRepaired: true });
  await pause.reached;
  await storeBlob(storage, name, Buffer.from(text));
  pause.resume();
  await checking;
  const repository = privateRepository(storage);
  const { content } = await repository.openBlob(layer, () => undefined, patientContext());
  assert.equal(content.bytes?.toString(), text);
});

test("bytes that another check sets aside meanwhile are told as missing by the one that saw them damaged", async () => {
  const inner = new MemoryDriver();
  const driver = new PausableDriver(inner);
  const storage = new Storage(driver, 0, new RecordedLog());
  await storeImage(storage, text, { tags: ["v1"] });
  await inner.write({ key: layout.blob(layer), content: Buffer.from("damaged") });
  const pause = driver.pauseAfter("list", layout.subjectsOf(name, "sha256"));
  const checking = check(storage);
  await pause.reached;
  const mending = await check(storage, { isRepaired: true });
  pause.resume();
  const { findings, damaged } = await checking;
  assert.deepEqual(
    mending.findings.map(({ flaw, outcome }) => [flaw, outcome]),
    [["damaged bytes", "set aside"]],
  );
  assert.deepEqual(
    findings.map(({ flaw, holders }) => [flaw, holders.flatMap(({ images }) => images)]),
    [["missing bytes", ["team/app:v1"]]],
  );
  assert.equal(damaged, 1);
});

test("an image that is deleted while it is looked at is not called damaged", async () => {
  const inner = new MemoryDriver();
  const driver = new PausableDriver(inner);
  const storage = new Storage(driver, 0, new RecordedLog());
  const image = await storeImage(storage, text, { tags: ["v1"] });
  const pause = driver.pauseAfter("list", layout.revisionsOf(name, "sha256"));
  const checking = check(storage);
  await pause.reached;
  await privateRepository(storage).deleteManifest(image.descriptor.digest, patientContext());
  await inner.remove(layout.blob(image.descriptor.digest));
  pause.resume();
  assert.deepEqual((await checking).findings, []);
});

test("a manifest whose bytes were damaged without a change of size is stored again by the next push", async () => {
  const driver = new MemoryDriver();
  const storage = new Storage(driver, 0, new RecordedLog());
  const image = await storeImage(storage, text, { tags: ["v1"] });
  const key = layout.blob(image.descriptor.digest);
  await driver.write({ key, content: Buffer.alloc(image.bytes.length) });
  await putManifest(privateRepository(storage), image, tag);
  assert.equal((await driver.read(key))?.equals(image.bytes), true);
});
