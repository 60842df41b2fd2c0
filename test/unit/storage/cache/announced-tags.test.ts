import { strict as assert } from "node:assert";
import { test } from "node:test";
import { digestOf } from "../../../../src/oci/digest.js";
import { parseTag } from "../../../../src/oci/reference.js";
import { parseRepositoryName } from "../../../../src/oci/repository-name.js";
import { AnnouncedTags } from "../../../../src/storage/cache/announced-tags.js";
import { MemoryDriver } from "../../../../src/storage/drivers/memory/memory-driver.js";
import { layout } from "../../../../src/storage/layout.js";

const name = parseRepositoryName("team/app");
const latest = parseTag("latest");
const digest = digestOf(Buffer.from("manifest"));
const minute = 60_000;

/** A driver that counts its calls. */
class CountingDriver extends MemoryDriver {
  reads = 0;

  override async read(key: string): Promise<Buffer | undefined> {
    this.reads += 1;
    return super.read(key);
  }
}

test("a lookup of one digest costs the same however many other tags were announced", async () => {
  const driver = new CountingDriver();
  const announced = new AnnouncedTags(driver);
  for (let index = 0; index < 1_000; index++) {
    await announced.add(name, parseTag(`v${index}`), digestOf(Buffer.from(String(index))));
  }
  await announced.add(name, latest, digest);
  driver.reads = 0;
  assert.deepEqual(
    (await announced.find(name, digest)).map(({ tag }) => tag),
    [latest],
  );
  assert.equal(driver.reads, 1);
});

test("old marks are deleted, of this process and of others that ended", async () => {
  const driver = new MemoryDriver();
  let now = 100 * minute;
  await new AnnouncedTags(driver, () => now).add(name, latest, digest);
  const announced = new AnnouncedTags(driver, () => now);
  now += 9 * minute;
  assert.equal((await announced.find(name, digest)).length, 1);
  now += 30 * minute;
  assert.deepEqual(await announced.find(name, digest), []);
  await announced.add(name, latest, digest);
  assert.equal((await driver.list(layout.announcements)).length, 1);
});

test("a limited number of marks is kept at a time", async () => {
  const driver = new MemoryDriver();
  const announced = new AnnouncedTags(driver, () => 0, 100);
  for (let index = 0; index < 110; index++) {
    await announced.add(name, parseTag(`v${index}`), digestOf(Buffer.from(String(index))));
  }
  await announced.add(name, latest, digest);
  assert.deepEqual(await announced.find(name, digest), []);
  assert.equal((await announced.find(name, digestOf(Buffer.from("99")))).length, 1);
});

test("a tag that is announced again and again is written once, and again after it was forgotten", async () => {
  const driver = new MemoryDriver();
  const announced = new AnnouncedTags(driver);
  for (let times = 0; times < 3; times++) await announced.add(name, latest, digest);
  await announced.forget(name, digest);
  assert.deepEqual(await announced.find(name, digest), []);
  await announced.add(name, latest, digest);
  assert.equal((await announced.find(name, digest)).length, 1);
});
