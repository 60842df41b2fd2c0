import { strict as assert } from "node:assert";
import { test } from "node:test";
import { CollectionError } from "../../../src/maintenance/collection-lock.js";
import { digestOf } from "../../../src/oci/digest.js";
import { parseRepositoryName } from "../../../src/oci/repository-name.js";
import { StorageError } from "../../../src/oci/storage-error.js";
import { MemoryDriver } from "../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../src/storage/layout.js";
import type { Storage } from "../../../src/storage/storage.js";
import { storeBlob } from "../../support/blob.js";
import { type Collected, collect, digestsStored } from "../../support/garbage.js";
import { type DriverStep, PausableDriver } from "../../support/pausable-driver.js";
import { Scope } from "../../support/scope.js";
import { emptyConfig, smallImage } from "../../support/small-image.js";
import { pausableStorageAt, storageOf } from "../../support/storage.js";
import { storeImage } from "../../support/stored-images.js";
import { waitUntil } from "../../support/wait-until.js";

const whole = parseRepositoryName("whole/app");
const faulty = parseRepositoryName("faulty/app");
const eio = new StorageError("unavailable", "EIO: i/o error");

const bytesOf = (text: string) => Buffer.from(text);
const [unneededOfWhole, unneededOfFaulty, unlinked] = ["unneeded, whole", "unneeded, faulty", "in no repository"].map(
  (text) => digestOf(bytesOf(text)),
);
const image = smallImage("layer of the faulty one");
const manifest = digestOf(image.bytes);
const needed = [manifest, digestOf(bytesOf("layer of the faulty one")), digestOf(emptyConfig)];

/** Two repositories with an image and an unneeded blob each, and bytes without a link. */
async function filledStorage(): Promise<{ readonly storage: Storage; readonly driver: PausableDriver }> {
  const driver = new PausableDriver(new MemoryDriver());
  const storage = storageOf(driver);
  await storeImage(storage, "layer of the whole one", { name: whole, tags: ["v1"] });
  await storeImage(storage, "layer of the faulty one", { name: faulty, tags: ["v1"] });
  await storeBlob(storage, whole, bytesOf("unneeded, whole"));
  await storeBlob(storage, faulty, bytesOf("unneeded, faulty"));
  await driver.write({ key: layout.blob(digestOf(bytesOf("in no repository"))), content: bytesOf("in no repository") });
  return { storage, driver };
}

/** Another process, which remembers nothing. */
async function collectWith(driver: PausableDriver): Promise<Collected> {
  return collect(storageOf(driver), { deleteUntagged: true });
}

interface Fault {
  readonly step: DriverStep;
  readonly key: string | RegExp;
  /** Whether what cannot be read may need any bytes. */
  readonly hidesNeeds: boolean;
}

const faults: Readonly<Record<string, Fault>> = {
  "the folder of a repository": { step: "list", key: layout.repository(faulty), hidesNeeds: true },
  "a folder of repositories": { step: "list", key: layout.repository(parseRepositoryName("faulty")), hidesNeeds: true },
  "the list of a repository's blobs": { step: "list", key: layout.layersOf(faulty, "sha256"), hidesNeeds: true },
  "the list of a repository's manifests": { step: "list", key: layout.revisionsOf(faulty, "sha256"), hidesNeeds: true },
  "the list of a repository's tags": { step: "list", key: layout.tags(faulty), hidesNeeds: false },
  "the link of a tag": { step: "read", key: new RegExp(`^${layout.tags(faulty)}/`), hidesNeeds: false },
  "the list of a repository's uploads": { step: "listStaged", key: layout.uploads(faulty), hidesNeeds: false },
  "the link of a blob": { step: "stat", key: new RegExp(`^${layout.layersOf(faulty, "sha256")}/`), hidesNeeds: false },
  "a manifest": { step: "read", key: layout.blob(manifest), hidesNeeds: false },
  "the trash": { step: "list", key: layout.trash, hidesNeeds: true },
};

for (const [what, { step, key, hidesNeeds }] of Object.entries(faults)) {
  test(`${what} that cannot be read holds back only what it may need, and is reported`, async () => {
    const { driver } = await filledStorage();
    driver.failAlways(step, key, eio);
    const { problems, report } = await collectWith(driver);
    assert.ok(report.went.includes(`blob ${unneededOfWhole}`), "what another repository does not need goes");
    driver.heal();
    const stored = await digestsStored(storageOf(driver));
    for (const digest of needed) assert.ok(stored.includes(digest));
    assert.equal(stored.includes(unlinked ?? manifest), hidesNeeds);
    assert.match(problems.join("\n"), /cannot be read/);

    await collectWith(driver);
    const left = await digestsStored(storageOf(driver));
    for (const digest of needed) assert.ok(left.includes(digest));
    for (const digest of [unneededOfFaulty, unneededOfWhole, unlinked])
      assert.ok(digest !== undefined && !left.includes(digest), "once it can be read, the rest goes");
  });
}

test("of bytes whose folder cannot be listed, only those there stay", async () => {
  const { driver } = await filledStorage();
  const folder = layout.blobsBelow("sha256", (unlinked ?? manifest).slice("sha256:".length, "sha256:".length + 2));
  driver.failAlways("list", folder, eio);
  const { problems, erased } = await collectWith(driver);
  assert.deepEqual(new Set(erased), new Set([unneededOfFaulty, unneededOfWhole]));
  assert.deepEqual(problems, [`${folder} cannot be read, so the bytes there stay (EIO: i/o error)`]);
});

test("a collection removes no bytes beside servers while an unchanged repository cannot be listed", async (t) => {
  const { driver, storage } = await pausableStorageAt(await new Scope(t).folder("data"));
  await storeImage(storage, "layer", { name: faulty, tags: ["v1"] });
  const endWork = await storage.markWork();
  await waitUntil("the lists are old enough to have versions", async () => {
    await collect(storage);
    return (await collect(storage)).report.read.length === 0;
  });
  const digest = unlinked ?? manifest;
  await driver.write({ key: layout.blob(digest), content: bytesOf("in no repository") });
  driver.failAlways("list", layout.layersOf(faulty, "sha256"), eio);
  const { problems, report, erased } = await collect(storage);
  assert.deepEqual([report.read, erased], [[], []]);
  assert.match(problems.join("\n"), /^what repositories link to cannot be read, so unneeded bytes stay/);
  driver.heal();
  assert.deepEqual((await collect(storage)).erased, [digest]);
  await endWork();
});

test("while the list of all repositories cannot be read, a collection removes nothing, says so, and ends as usual", async () => {
  const { driver, storage } = await filledStorage();
  const before = await digestsStored(storage);
  driver.failAlways("list", layout.repositories, eio);
  const { problems, erased, removed } = await collectWith(driver);
  assert.deepEqual([erased, removed], [[], 0]);
  assert.deepEqual(problems, [
    `${layout.repositories} cannot be read, so all repositories in it stay, and so do all bytes, which it may need (EIO: i/o error)`,
  ]);
  driver.heal();
  assert.deepEqual(await digestsStored(storage), before);
});

test("however much cannot be read, a collection goes on, and counts what it does not name", async () => {
  const { driver, storage } = await filledStorage();
  for (let index = 0; index < 150; index++)
    await storeImage(storage, "layer", { name: `many/app-${index}`, tags: ["v1"] });
  driver.failAlways("list", /\/many\/app-\d+\/_layers\/sha256$/, eio);
  const { problems, report } = await collectWith(driver);
  assert.ok(report.went.includes(`blob ${unneededOfWhole}`));
  assert.equal(problems.length, 101);
  assert.match(problems.at(-1) ?? "", /^50 more cannot be read, and stay too/);
});

test("links that a killed collection was removing and that cannot be put back hold back only their repository", async () => {
  const { driver, storage } = await filledStorage();
  const link = { name: faulty, kind: "manifest", digest: manifest } as const;
  await storage.trash.put([{ link, content: manifest, sinceMs: 0 }]);
  await driver.withdrawal.withdraw(layout.link(link), layout.unlinking(link));
  driver.failAlways("list", layout.unlinkings, eio);
  const { problems, erased } = await collectWith(driver);
  assert.deepEqual(new Set(erased), new Set([unneededOfWhole, unlinked]));
  assert.deepEqual(problems, [
    "something of repository faulty/app cannot be read, so all of it stays (EIO: i/o error)",
  ]);
  driver.heal();
  await collectWith(driver);
  const left = await digestsStored(storageOf(driver));
  for (const digest of needed) assert.ok(left.includes(digest));
  assert.ok(!left.includes(unneededOfFaulty ?? manifest));
  assert.equal(await storageOf(driver).contentLinks.find(link), manifest);
});

test("a collection removes nothing while links cannot be put back, nor is it known which repositories lack them", async () => {
  const { driver, storage } = await filledStorage();
  const before = await digestsStored(storage);
  driver.failAlways("list", layout.unlinkings, eio);
  driver.failAlways("list", layout.trash, eio);
  await assert.rejects(collectWith(driver), (error) => {
    assert.ok(error instanceof CollectionError);
    assert.match(error.message, /earlier collection .* nothing was removed \(EIO/);
    return true;
  });
  driver.heal();
  assert.deepEqual(await digestsStored(storage), before);
});

test("a link that a killed collection was removing stays as long as the record of where it belongs is damaged", async () => {
  const { driver } = await filledStorage();
  const link = { name: faulty, kind: "manifest", digest: manifest } as const;
  await driver.withdrawal.withdraw(layout.link(link), layout.unlinking(link));
  await driver.write({ key: layout.trashed(link), content: Buffer.alloc(0) });
  await collectWith(driver);
  assert.ok((await driver.stat(layout.unlinking(link))) !== undefined);
  assert.ok((await driver.stat(layout.blob(manifest))) !== undefined);
});

test("a collection frees space on a disk that is too full for its own records", async () => {
  const { driver } = await filledStorage();
  driver.failAlways("write", /./, new StorageError("full", "ENOSPC: no space left on device"));
  const { problems, erased } = await collectWith(driver);
  assert.deepEqual(new Set(erased), new Set([unneededOfFaulty, unneededOfWhole, unlinked]));
  assert.match(problems.join("\n"), /could not record that it has ended/);
});
