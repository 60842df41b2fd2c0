import { strict as assert } from "node:assert";
import { test } from "node:test";
import { type CheckSettings, checkStorage } from "../../../src/maintenance/fsck/check.js";
import type { Finding } from "../../../src/maintenance/fsck/finding.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseTag } from "../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { StorageError } from "../../../src/oci/storage-error.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import { type DriverStep, PausableDriver } from "../../support/pausable-driver.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { storageOf } from "../../support/storage.js";
import { storeImage } from "../../support/stored-images.js";

const whole = parseRepositoryName("whole/app");
const faulty = parseRepositoryName("faulty/app");
const eio = new StorageError("unavailable", "EIO: i/o error");
const missing = digestOf(Buffer.from("layer of the whole one"));
const layer = digestOf(Buffer.from("layer of the faulty one"));

/** Two repositories with an image each; a layer of `whole/app` is missing. */
async function filledDriver(): Promise<PausableDriver> {
  const driver = new PausableDriver(new MemoryDriver());
  const storage = storageOf(driver);
  await storeImage(storage, "layer of the whole one", { name: whole, tags: ["v1"] });
  const { descriptor } = await storeImage(storage, "layer of the faulty one", { name: faulty, tags: ["v1"] });
  await storeImage(storage, "a signature", { name: faulty, fields: { subject: descriptor } });
  await driver.remove(layout.blob(missing));
  return driver;
}

async function repair(driver: PausableDriver, settings: Partial<CheckSettings> = {}) {
  const findings: Finding[] = [];
  const result = await checkStorage(storageOf(driver).forWalk(new RecordedLog()), {
    isHashed: true,
    isSparse: false,
    isRepaired: true,
    settledAfterMs: 0,
    pace: async () => {},
    found: (finding) => findings.push(finding),
    ...settings,
  });
  return { ...result, findings };
}

const flawsOf = (findings: readonly Finding[]) => findings.map(({ flaw, place }) => `${flaw}: ${place}`);
const missingBytes = `missing bytes: ${layout.blob(missing)}`;

interface Fault {
  readonly steps: readonly DriverStep[];
  readonly key: string | RegExp;
  readonly place: string;
}

const tagLink = layout.tagLink(faulty, parseTag("v1"));
const faults: Readonly<Record<string, Fault>> = {
  "the folder of all repositories": { steps: ["list"], key: layout.repositories, place: layout.repositories },
  "a folder of repositories": {
    steps: ["list"],
    key: layout.repository(parseRepositoryName("faulty")),
    place: layout.repository(parseRepositoryName("faulty")),
  },
  "the list of a repository's blobs": {
    steps: ["list"],
    key: layout.layersOf(faulty, "sha256"),
    place: layout.repository(faulty),
  },
  "the list of a repository's manifests": {
    steps: ["list"],
    key: layout.revisionsOf(faulty, "sha256"),
    place: layout.repository(faulty),
  },
  "the list of a repository's tags": { steps: ["list"], key: layout.tags(faulty), place: layout.tags(faulty) },
  "the list of a repository's referrers": {
    steps: ["list"],
    key: new RegExp(`^${layout.subjectsOf(faulty, "sha256")}`),
    place: layout.allReferrers(faulty),
  },
  "the link of a tag": { steps: ["read"], key: tagLink, place: layout.tags(faulty) },
  "the folder of a blob": { steps: ["stat", "read", "openRead"], key: layout.blob(layer), place: layout.blob(layer) },
};

for (const [what, { steps, key, place }] of Object.entries(faults)) {
  test(`a check in which ${what} cannot be read says so, goes on, and takes nothing there for missing`, async () => {
    const driver = await filledDriver();
    for (const step of steps) driver.failAlways(step, key, eio);
    const { findings, damaged, unlinked } = await repair(driver);
    const told = findings.filter((finding) => finding.place === place);
    assert.deepEqual(
      told.map(({ isDamage, outcome, what }) => [isDamage, outcome, what.includes("EIO: i/o error")]),
      [[true, "left", true]],
    );
    const others = flawsOf(findings.filter((finding) => finding.place !== place));
    const isWholeSeen = place !== layout.repositories;
    assert.deepEqual(others, isWholeSeen ? [missingBytes] : []);
    assert.equal(damaged, isWholeSeen ? 2 : 1);
    if (steps.includes("list")) assert.equal(unlinked, undefined, "what belongs to no repository is not known");

    driver.heal();
    assert.deepEqual(flawsOf((await repair(driver)).findings), [missingBytes], "nothing was changed");
  });
}

test("of a folder of blobs that cannot be listed, what repositories hold is still looked at", async () => {
  const driver = await filledDriver();
  const folder = layout.blobsBelow("sha256", layer.slice("sha256:".length, "sha256:".length + 2));
  driver.failAlways("list", folder, eio);
  assert.deepEqual(flawsOf((await repair(driver)).findings).sort(), [missingBytes, `unreadable: ${folder}`].sort());
});

test("what could be read again when it was looked at once more is not told", async () => {
  const driver = await filledDriver();
  driver.failAt("list", layout.tags(faulty), eio);
  assert.deepEqual(flawsOf((await repair(driver)).findings), [missingBytes]);
});
