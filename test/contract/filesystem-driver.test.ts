import { strict as assert } from "node:assert";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { FilesystemDriver } from "../../src/storage/drivers/filesystem/filesystem-driver.js";
import { Scope } from "../support/scope.js";
import { settledList, testStorageDriver } from "./storage-driver.js";

testStorageDriver("filesystem", async (scope) => FilesystemDriver.open(await scope.folder("driver")));

test("filesystem: what another process writes is seen, though listings and versions are remembered", async (t) => {
  const folder = await new Scope(t).folder("shared");
  const [one, other] = await Promise.all([FilesystemDriver.open(folder), FilesystemDriver.open(folder)]);
  await one.write({ key: "tags/a/link", content: Buffer.from("1") });
  await settledList(one, "tags");
  await other.write({ key: "tags/b/link", content: Buffer.from("2") });
  await other.write({ key: "tags/a/link", content: Buffer.from("3") });
  assert.deepEqual(await one.list("tags"), ["a", "b"]);
  assert.equal((await one.read("tags/a/link"))?.toString(), "3");
});

test("filesystem: a scratch folder that somebody removed is made again", async (t) => {
  const folder = await new Scope(t).folder("swept");
  const driver = await FilesystemDriver.open(folder);
  await driver.write({ key: "tags/a/link", content: Buffer.from("1") });
  await rm(join(folder, ".berth"), { recursive: true });
  await driver.remove("tags/a");
  assert.deepEqual(await driver.list("tags"), []);
  await rm(join(folder, ".berth"), { recursive: true });
  await driver.write({ key: "tags/b/link", content: Buffer.from("2") });
  await rm(join(folder, ".berth"), { recursive: true });
  assert.equal(await driver.withLock("lock", async () => "had"), "had");
  assert.deepEqual(await driver.list("tags"), ["b"]);
});

test("filesystem: failed writes leave nothing aside", async (t) => {
  const folder = await new Scope(t).folder("failures");
  const driver = await FilesystemDriver.open(folder);
  await writeFile(join(folder, "file"), "a file where a folder would have to be");
  await assert.rejects(driver.write({ key: "file/below", content: Buffer.from("x") }));
  assert.deepEqual(await readdir(join(folder, ".berth/scratch")), []);
});
