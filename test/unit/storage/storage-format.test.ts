import { strict as assert } from "node:assert";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { StorageError } from "../../../src/oci/storage-error.js";
import { layout } from "../../../src/storage/layout.js";
import { openStorageAsItIs } from "../../../src/storage/open-storage.js";
import { ownFormat } from "../../../src/storage/storage-format.js";
import { configWith } from "../../support/config.js";
import { RecordedLog } from "../../support/recorded-log.js";
import { Scope } from "../../support/scope.js";
import { storageAt, storageOnDisk } from "../../support/storage.js";

test("the first start records the format of the storage", async (t) => {
  const { root } = await storageOnDisk(new Scope(t));
  assert.deepEqual(await recordedIn(root), ownFormat);
});

test("a storage that a newer Berth has changed is served as long as that says so, and its record stays", async (t) => {
  const root = await new Scope(t).folder("data");
  const newer = { version: 7, oldestReader: ownFormat.version, and: "more" };
  await record(root, JSON.stringify(newer));
  await storageAt(root);
  assert.deepEqual(await recordedIn(root), newer);
});

test("a storage that needs a newer Berth is refused with what to do, also by commands that change nothing", async (t) => {
  const root = await new Scope(t).folder("data");
  await record(root, JSON.stringify({ version: 7, oldestReader: 7 }));
  const settings = configWith({ storage: { filesystem: { root } } }).storage;
  for (const open of [() => storageAt(root), () => openStorageAsItIs(settings, new RecordedLog())])
    await assert.rejects(open, (error) => {
      assert.ok(error instanceof StorageError);
      assert.match(error.message, /belongs to a newer Berth: its format 7 .* run the newer Berth/);
      return true;
    });
});

for (const text of ["", "{", "[]", '"1"', '{"version":"1"}', "null"]) {
  test(`a record of the format that says ${JSON.stringify(text)} is refused, and not replaced`, async (t) => {
    const root = await new Scope(t).folder("data");
    await record(root, text);
    await assert.rejects(storageAt(root), /not a format record: restore it/);
    assert.equal(await readFile(join(root, layout.format), "utf8"), text);
  });
}

async function record(root: string, text: string): Promise<void> {
  const file = join(root, layout.format);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

async function recordedIn(root: string): Promise<unknown> {
  return JSON.parse(await readFile(join(root, layout.format), "utf8"));
}
